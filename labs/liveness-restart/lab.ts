import { lab } from "../../harness/index.ts";

/** What the manifest says, in seconds. */
const [period, failures, timeout, grace] = [1, 3, 1, 2];
/** The container must have been started anew by then; 4 s are for starting it, and for a kubelet that looks once a second. */
const withinMs = (period * failures + timeout + grace + 4) * 1_000;

lab(
  "liveness-restart",
  {
    tutorial: "k8s-combat › probes",
    shows: {
      en: "A process that hangs, accepting connections and answering none, is restarted by its liveness probe.",
      zh: "假死的进程（接受连接却从不回答）会被存活探针发现并重启。",
    },
    before: {
      en: "You will let an app hang and measure how long its callers wait for it. The probe asks every second here, every three seconds in the tutorial.",
      zh: "你将让应用假死，并测量调用方要等多久。这里探针每秒检测一次，教程中是每三秒。",
    },
    after: {
      en: "Kubernetes sees by itself when a process ends, and never when it hangs. Three probes without an answer within timeoutSeconds made the kubelet stop the container and start it anew in the same pod: name and address stayed, RESTARTS rose by one.",
      zh: "进程退出时 Kubernetes 自己能看见，假死则看不见。三次探测都没有在 timeoutSeconds 内得到回答，kubelet 便停止容器，并在同一个 Pod 里重新启动它：名字与地址不变，RESTARTS 加一。",
    },
  },
  ({ step, apply, ready, from, load, ask, expect, eventually, kube, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
      timeoutMs: 1_000,
    });
    const restartsOf = async (pod: string) =>
      (await kube.get(`pod/${pod}`)).status?.containerStatuses?.[0]?.restartCount;

    step(
      {
        title: { en: "Deploy an app with a liveness probe", zh: "部署带存活探针的应用" },
        why: {
          en: "Every second the kubelet asks /ping; three failures in a row are one too many.",
          zh: "kubelet 每秒请求一次 /ping；连续失败三次就不再等待。",
        },
      },
      async () => {
        await apply("caller.yaml", "service.yaml");
        await ready("deployment/k8s-combat", service);
        await expect(page).toAnswer({ status: 200 });
      },
    );

    step(
      {
        title: { en: "The process hangs, and is restarted", zh: "进程假死，然后被重启" },
        why: {
          en: "The process lives and its port is open, so nothing but a question to the app can tell. The readiness probe fails as well and takes the pod out of service meanwhile.",
          zh: "进程还在，端口也开着，只有向应用提问才能发现。就绪探针同样失败，期间把 Pod 移出服务。",
        },
        look: {
          en: "Events: Unhealthy, then Killing, then Started. Callers see an outage that ends by itself.",
          zh: "事件依次是 Unhealthy、Killing、Started。调用方看到一次自行结束的中断。",
        },
      },
      async () => {
        const [pod] = await kube.pods(service);
        const name = pod?.metadata?.name ?? "";
        await using events = await kube.record("events", {
          fields: `involvedObject.name=${name}`,
        });
        await using pods = await kube.recordPods(service);
        await expect(
          load(page, { perSecond: 20 }).during(async () => {
            const before = events.changes.length;
            await ask(from(`pod/${name}`).post("http://127.0.0.1:8081/hang"));
            const hungAt = pods.changes.length;
            const startedAt = performance.now();
            await eventually(
              async () =>
                expect(await restartsOf(name), {
                  en: "restarts of the container",
                  zh: "容器的重启次数",
                }).toBe(1),
              { what: "the container is restarted", timeoutMs: 20_000 },
            );
            expect(performance.now() - startedAt, {
              en: "ms until it was restarted",
              zh: "到重启为止的毫秒数",
            }).toBeAtMost(withinMs);
            await ready(service);
            await expect(page).toAnswer({ status: 200 });
            const reasons = events.changes.slice(before).map(({ object }) => object.reason);
            const inOrder = [...new Set(reasons)].filter((reason) =>
              ["Unhealthy", "Killing", "Started"].includes(reason ?? ""),
            );
            expect(inOrder, { en: "events in their order", zh: "事件的先后顺序" }).toEqual([
              "Unhealthy",
              "Killing",
              "Started",
            ]);
            const names = pods.changes.slice(hungAt).map(({ object }) => object.metadata?.name);
            expect([...new Set(names)], { en: "pods seen", zh: "出现过的 Pod" }).toEqual([name]);
          }),
        ).toHaveOutage({ leastGapMs: 1_000 });
      },
    );

    step(
      {
        title: { en: "Traffic has recovered", zh: "流量恢复" },
        why: {
          en: "The new process in the old pod answers as before; one restart was enough.",
          zh: "旧 Pod 里的新进程照常回答；重启一次就够了。",
        },
      },
      async () => {
        await expect(page).toAnswer({ status: 200 }, { times: 50 });
        const [pod] = await kube.pods(service);
        expect(await restartsOf(pod?.metadata?.name ?? ""), {
          en: "restarts of the container",
          zh: "容器的重启次数",
        }).toBe(1);
      },
    );

    sabotage(
      { en: "there is no liveness probe", zh: "没有存活探针" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        remove: "spec.template.spec.containers[0].livenessProbe",
        fails: "The process hangs, and is restarted",
        because: "the container is restarted",
      },
    );
    sabotage(
      { en: "the probe asks too seldom", zh: "探针问得太少" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.template.spec.containers[0].livenessProbe.periodSeconds": 5 },
        fails: "The process hangs, and is restarted",
        because: "ms until it was restarted",
      },
    );
  },
);
