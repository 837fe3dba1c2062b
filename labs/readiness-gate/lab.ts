import { lab } from "../../harness/index.ts";

lab(
  "readiness-gate",
  {
    tutorial: "k8s-combat › probes",
    shows: {
      en: "A pod that is not ready gets no traffic; ready again, it does.",
      zh: "未就绪的 Pod 得不到流量；重新就绪后又会得到。",
    },
    before: {
      en: "You will let one of two pods say that it is not ready, while a caller sends requests all the time. The probe asks every second here, every three seconds in the tutorial.",
      zh: "你将让两个 Pod 之一声明自己未就绪，同时调用方一直在发请求。这里探针每秒检测一次，教程中是每三秒。",
    },
    after: {
      en: "The kubelet asked /ping and wrote the answer into the pod's Ready condition; the EndpointSlice followed the condition, and the Service's rules followed the EndpointSlice. The pod itself was left alone: a readiness probe never restarts anything.",
      zh: "kubelet 请求 /ping，把结果写入 Pod 的 Ready 条件；EndpointSlice 跟随该条件，Service 的规则再跟随 EndpointSlice。Pod 本身不受影响：就绪探针从不重启任何东西。",
    },
  },
  ({ step, apply, ready, from, load, ask, expect, eventually, kube, sabotage }) => {
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
    });
    let [unready, other] = ["", ""];

    /** Names of the pods that the Service's EndpointSlice holds as ready. */
    const readyEndpoints = async () => {
      const slices = await kube.list("endpointslices", {
        labels: "kubernetes.io/service-name=k8s-combat-service",
      });
      return slices
        .flatMap((slice) => slice.endpoints ?? [])
        .filter((endpoint) => endpoint.conditions?.ready)
        .map((endpoint) => endpoint.targetRef?.name ?? "");
    };
    /** The app answers /ping with 503 from then on, or with pong again. */
    const setReady = (pod: string, value: boolean) =>
      ask(from(`pod/${pod}`).post(`http://127.0.0.1:8081/ready?value=${value}`));

    step(
      {
        title: { en: "Deploy two pods with a readiness probe", zh: "部署两个带就绪探针的 Pod" },
        why: {
          en: "Running only says that the process was started; the probe asks the app whether it can serve.",
          zh: "Running 只说明进程已经启动；探针则询问应用能否提供服务。",
        },
        look: {
          en: "The EndpointSlice holds both pods as ready.",
          zh: "EndpointSlice 中两个 Pod 都是就绪的。",
        },
      },
      async () => {
        await apply("caller.yaml", "service.yaml");
        await ready("deployment/k8s-combat", "deployment/k8s-combat-service");
        const pods = await kube.pods("deployment/k8s-combat-service");
        [unready = "", other = ""] = pods.map((pod) => pod.metadata?.name ?? "");
        await eventually(async () =>
          expect(new Set(await readyEndpoints()), {
            en: "ready endpoints",
            zh: "就绪的端点",
          }).toEqual(new Set([unready, other])),
        );
        await expect(page).toBalance();
      },
    );

    step(
      {
        title: { en: "One pod is not ready any more", zh: "一个 Pod 不再就绪" },
        why: {
          en: "From now on its /ping answers 503. Three failed probes in a row make the pod not ready: until then it still gets, and answers, requests.",
          zh: "从现在起它的 /ping 回答 503。连续三次探测失败后 Pod 才算未就绪：在那之前它仍然得到并回答请求。",
        },
        look: {
          en: "The pod stays in the EndpointSlice with ready: false, READY is 0/1, RESTARTS stays 0, and no request fails.",
          zh: "Pod 仍在 EndpointSlice 中但 ready 为 false；READY 是 0/1，RESTARTS 仍是 0，没有请求失败。",
        },
      },
      async () => {
        await expect(
          load(page, { perSecond: 50, afterMs: 2_000 }).during(async () => {
            await setReady(unready, false);
            await eventually(
              async () =>
                expect(await readyEndpoints(), { en: "ready endpoints", zh: "就绪的端点" }).toEqual(
                  [other],
                ),
              { what: "the pod's endpoint is not ready", timeoutMs: 15_000 },
            );
          }),
        ).toLoseNothing();
      },
    );

    step(
      {
        title: { en: "Not one request reaches it", zh: "没有一个请求到达它" },
        why: {
          en: "Without the probe every second request would go to it.",
          zh: "如果没有探针，每两个请求就有一个会到它那里。",
        },
        look: {
          en: "Every answer comes from the other pod.",
          zh: "每个回答都来自另一个 Pod。",
        },
      },
      async () => {
        await expect(page).toReachOnly(other, { by: "pod" });
        const pod = await kube.get(`pod/${unready}`);
        expect(pod.status?.containerStatuses?.[0]?.restartCount, {
          en: "its restarts",
          zh: "它的重启次数",
        }).toBe(0);
      },
    );

    step(
      {
        title: { en: "It is ready again", zh: "它重新就绪" },
        why: {
          en: "One success is enough (successThreshold 1): the pod is back without having been restarted.",
          zh: "成功一次就够了（successThreshold 为 1）：Pod 没有重启就回来了。",
        },
        look: {
          en: "Both pods are in the EndpointSlice and share the requests; again none fails.",
          zh: "两个 Pod 都在 EndpointSlice 中并分担请求；同样没有请求失败。",
        },
      },
      async () => {
        await expect(
          load(page, { perSecond: 50, afterMs: 2_000 }).during(async () => {
            await setReady(unready, true);
            await eventually(async () =>
              expect(new Set(await readyEndpoints()), {
                en: "ready endpoints",
                zh: "就绪的端点",
              }).toEqual(new Set([unready, other])),
            );
          }),
        ).toLoseNothing();
        await expect(page).toBalance();
      },
    );

    sabotage(
      { en: "there is no readiness probe", zh: "没有就绪探针" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        remove: "spec.template.spec.containers[0].readinessProbe",
        fails: "One pod is not ready any more",
        because: "the pod's endpoint is not ready",
      },
    );
    sabotage(
      { en: "the Service publishes pods that are not ready", zh: "Service 发布未就绪的 Pod" },
      {
        in: "service.yaml",
        object: "Service/k8s-combat-service",
        add: { "spec.publishNotReadyAddresses": true },
        fails: "One pod is not ready any more",
        because: "the pod's endpoint is not ready",
      },
    );
  },
);
