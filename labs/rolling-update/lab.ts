import { lab } from "../../harness/index.ts";

lab(
  "rolling-update",
  {
    tutorial: "k8s-combat › rolling",
    shows: {
      en: "A new version replaces the old one pod by pod, and no caller notices.",
      zh: "新版本逐个 Pod 替换旧版本，调用方毫无察觉。",
    },
    before: {
      en: "You will replace v1 by v2 while a caller sends a request every 20 ms, and see whether one is lost. The app takes a second to start. preStop waits 2 s here, 10 s in the tutorial.",
      zh: "你将在调用方每 20 毫秒发一个请求的同时，用 v2 替换 v1，看是否有请求丢失。应用启动需要一秒。这里 preStop 等待 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "Two things kept every request alive. The readiness probe held traffic back from new pods until they could serve; preStop kept old pods serving until every node had forgotten their address. maxSurge and maxUnavailable only say how many pods may be replaced at a time.",
      zh: "两件事保住了每个请求：就绪探针让新 Pod 在能服务之前得不到流量；preStop 让旧 Pod 一直服务到各节点都忘掉它的地址。maxSurge 与 maxUnavailable 只决定同时能替换几个 Pod。",
    },
  },
  ({ step, apply, ready, from, load, expect, kube, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
    });

    step(
      {
        title: { en: "Deploy four pods of v1", zh: "部署四个 v1 的 Pod" },
        why: {
          en: "25 % of four is one: one pod more than four may exist, and one less than four may be ready.",
          zh: "四的 25 % 是一：最多可以多出一个 Pod，就绪的最多可以少一个。",
        },
      },
      async () => {
        await apply("caller.yaml", "service-v1.yaml");
        await ready("deployment/k8s-combat", service);
        await expect(page).toReachOnly("v1", { times: 300 });
      },
    );

    step(
      {
        title: { en: "Roll out v2 under load", zh: "在流量下发布 v2" },
        why: {
          en: "Only the image differs. A new ReplicaSet grows while the old one shrinks; the next pod is stopped only when a new one is ready.",
          zh: "只有镜像不同。新的 ReplicaSet 增长，旧的缩小；新的 Pod 就绪之后，才会停下一个旧的。",
        },
        look: {
          en: "Not one failed request, never more than five pods and never fewer than three ready.",
          zh: "没有失败的请求；Pod 从不超过五个，就绪的从不少于三个。",
        },
      },
      async () => {
        await using pods = await kube.recordPods(service);
        await expect(
          // The last old pod stops 2 s after the rollout is over.
          load(page, { perSecond: 50, afterMs: 2_500 }).during(async () => {
            await apply("service-v2.yaml");
            await ready(service);
            expect(pods.most, { en: "pods at one moment", zh: "同一时刻的 Pod 数" }).toBeAtMost(5);
            expect(pods.fewestReady, {
              en: "ready pods at any moment",
              zh: "任一时刻就绪的 Pod 数",
            }).toBeAtLeast(3);
          }),
        ).toLoseNothing();
        await pods.stop();
      },
    );

    step(
      {
        title: { en: "Only v2 answers now", zh: "现在只有 v2 回答" },
        why: {
          en: "The old ReplicaSet stays, with no pods, so that the update can be undone.",
          zh: "旧的 ReplicaSet 保留下来，没有 Pod，以便回滚。",
        },
      },
      async () => {
        await expect(page).toReachOnly("v2", { times: 300 });
      },
    );

    sabotage(
      { en: "v2 has no readiness probe", zh: "v2 没有就绪探针" },
      {
        in: "service-v2.yaml",
        remove: "spec.template.spec.containers[0].readinessProbe",
        fails: "Roll out v2 under load",
        check: "toLoseNothing",
      },
    );
    sabotage(
      { en: "v1 has no preStop", zh: "v1 没有 preStop" },
      {
        in: "service-v1.yaml",
        object: "Deployment/k8s-combat-service",
        remove: "spec.template.spec.containers[0].lifecycle",
        fails: "Roll out v2 under load",
        check: "toLoseNothing",
      },
    );
    sabotage(
      { en: "all pods may be doubled at once", zh: "允许一次把 Pod 全部翻倍" },
      {
        in: "service-v2.yaml",
        change: { "spec.strategy.rollingUpdate.maxSurge": "100%" },
        fails: "Roll out v2 under load",
        because: "pods at one moment",
      },
    );
  },
);
