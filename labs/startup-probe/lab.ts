import { lab } from "../../harness/index.ts";

lab(
  "startup-probe",
  {
    tutorial: "k8s-combat › probes",
    shows: {
      en: "An app that starts slowly is killed by its liveness probe for ever, unless a startup probe holds that one back.",
      zh: "启动缓慢的应用会被存活探针一再杀死，除非有启动探针把它拦住。",
    },
    before: {
      en: "You will run the same slow app twice: it listens after 8 s, and its liveness probe gives up after 3 s. One of the two has a startup probe. Periods are 1 s here; in the tutorial they are 3 s and 5 s.",
      zh: "你将运行同一个慢应用两次：它 8 秒后才监听，而存活探针 3 秒就放弃。其中一个带启动探针。这里的周期都是 1 秒，教程中是 3 秒与 5 秒。",
    },
    after: {
      en: "Until the startup probe has succeeded once, the kubelet runs no other probe of the container. failureThreshold × periodSeconds of the startup probe is the time that the app may take: 30 s here, 150 s in the tutorial. Raising the liveness probe's own threshold would help the start too, and make every later hang last as long.",
      zh: "启动探针成功一次之前，kubelet 不会执行该容器的其他探针。启动探针的 failureThreshold × periodSeconds 就是允许的启动时间：这里 30 秒，教程中 150 秒。提高存活探针自己的阈值也能撑过启动，但之后每次假死也要等同样久。",
    },
  },
  ({ step, apply, ready, expect, eventually, kube, sabotage }) => {
    const restartsOf = async (deployment: string) => {
      const [pod] = await kube.pods(`deployment/${deployment}`);
      return pod?.status?.containerStatuses?.[0]?.restartCount ?? 0;
    };

    step(
      {
        title: {
          en: "Without a startup probe it never gets up",
          zh: "没有启动探针，它永远起不来",
        },
        why: {
          en: "Nothing answers /ping for 8 s, so the liveness probe fails three times and the kubelet kills the container; the next one has no better chance. Both Deployments are applied now, so that the other one starts meanwhile.",
          zh: "8 秒内没有人回答 /ping，存活探针失败三次后 kubelet 杀死容器；下一个容器也不会更好。两个 Deployment 现在一起部署，让另一个同时启动。",
        },
        look: {
          en: "RESTARTS grows, READY stays 0/1, and the events say Unhealthy and Killing again and again. After the second restart Kubernetes waits longer before each further one: CrashLoopBackOff.",
          zh: "RESTARTS 增长，READY 一直是 0/1，事件里反复出现 Unhealthy 与 Killing。第二次重启之后，Kubernetes 每次重启前都会等得更久：CrashLoopBackOff。",
        },
      },
      async () => {
        await apply("without-startup.yaml");
        await using pods = await kube.recordPods("deployment/without-startup");
        await apply("with-startup.yaml");
        await eventually(
          async () =>
            expect(await restartsOf("without-startup"), {
              en: "restarts of the pod",
              zh: "Pod 的重启次数",
            }).toBeAtLeast(2),
          { what: "the app is killed twice", timeoutMs: 40_000 },
        );
        const everReady = pods.changes.filter(({ object }) =>
          object.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
        );
        expect(everReady.length, {
          en: "moments at which the pod was ready",
          zh: "Pod 处于就绪的时刻数",
        }).toBe(0);
        const events = await kube.events();
        const killed = events.find(
          ({ reason, involvedObject }) =>
            reason === "Killing" && involvedObject.name?.startsWith("without-startup"),
        );
        expect(killed?.message, { en: "why it was killed", zh: "被终止的原因" }).toContain(
          "failed liveness probe",
        );
      },
    );

    step(
      {
        title: {
          en: "With a startup probe it gets the time it needs",
          zh: "有了启动探针，它就有足够的时间",
        },
        why: {
          en: "The startup probe may fail 30 times. The liveness probe, which is the same as before, begins when it has succeeded.",
          zh: "启动探针可以失败 30 次。存活探针与之前完全相同，在启动探针成功之后才开始。",
        },
        look: {
          en: "READY is 1/1 and RESTARTS is 0, after the same 8 s.",
          zh: "同样的 8 秒之后，READY 是 1/1，RESTARTS 是 0。",
        },
      },
      async () => {
        await ready("deployment/with-startup", { timeoutMs: 30_000 });
        expect(await restartsOf("with-startup"), {
          en: "restarts of the pod",
          zh: "Pod 的重启次数",
        }).toBe(0);
      },
    );

    sabotage(
      { en: "the startup probe gives up too early", zh: "启动探针放弃得太早" },
      {
        in: "with-startup.yaml",
        change: { "spec.template.spec.containers[0].startupProbe.failureThreshold": 3 },
        fails: "With a startup probe it gets the time it needs",
      },
    );
    sabotage(
      { en: "the first app starts at once", zh: "第一个应用立刻启动" },
      {
        in: "without-startup.yaml",
        change: { "spec.template.spec.containers[0].args": ["web", "--port=8081"] },
        fails: "Without a startup probe it never gets up",
        because: "the app is killed twice",
      },
    );
  },
);
