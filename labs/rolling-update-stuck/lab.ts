import { lab } from "../../harness/index.ts";

lab(
  "rolling-update-stuck",
  {
    tutorial: "k8s-combat › rolling",
    shows: {
      en: "A new version that never becomes ready stops its own rollout, and the old version goes on serving.",
      zh: "永远不会就绪的新版本会卡住自己的发布，旧版本继续提供服务。",
    },
    before: {
      en: "You will roll out a broken v2 under load, watch Kubernetes give up, and undo it. Kubernetes gives up after 6 s here (progressDeadlineSeconds, 600 by default); preStop waits 2 s, 10 s in the tutorial.",
      zh: "你将在流量下发布一个有问题的 v2，看 Kubernetes 放弃，然后撤销。这里 6 秒就放弃（progressDeadlineSeconds，默认 600）；preStop 等待 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "The rollout took one pod away, as maxUnavailable allows, and then waited for a new one that never was ready. Giving up means a condition on the Deployment and nothing more: Kubernetes never undoes a rollout by itself. That is what kubectl rollout undo, or your pipeline, is for.",
      zh: "发布按 maxUnavailable 拿走了一个 Pod，随后一直等待永远不会就绪的新 Pod。放弃只意味着 Deployment 上的一个条件，仅此而已：Kubernetes 从不自动回滚，这要靠 kubectl rollout undo 或你的流水线。",
    },
  },
  ({ step, apply, ready, from, load, expect, eventually, kube, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
    });

    step(
      {
        title: { en: "Deploy four pods of v1", zh: "部署四个 v1 的 Pod" },
        why: {
          en: "With 25 % of four, the rollout may take one pod away and add one.",
          zh: "四的 25 % 是一：发布时最多少一个 Pod，也最多多一个。",
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
        title: { en: "Roll out a v2 that is never ready", zh: "发布一个永远不会就绪的 v2" },
        why: {
          en: "v2 starts and answers, and its /ping says 503: as an app does that cannot reach its database.",
          zh: "v2 能启动也能回答，但它的 /ping 返回 503：就像连不上数据库的应用。",
        },
        look: {
          en: "Two v2 pods at 0/1, three v1 pods at 1/1, the condition ProgressDeadlineExceeded, and not one failed request.",
          zh: "两个 v2 Pod 是 0/1，三个 v1 Pod 是 1/1，出现条件 ProgressDeadlineExceeded，没有失败的请求。",
        },
      },
      async () => {
        await using pods = await kube.recordPods(service);
        await expect(
          load(page, { perSecond: 50, afterMs: 1_500 }).during(async () => {
            await apply("service-v2.yaml");
            await eventually(
              async () => {
                const { status } = await kube.get(service);
                const progressing = status?.conditions?.find(({ type }) => type === "Progressing");
                expect(progressing?.reason, {
                  en: "why it does not progress",
                  zh: "没有进展的原因",
                }).toBe("ProgressDeadlineExceeded");
              },
              { what: "the rollout is given up", timeoutMs: 20_000 },
            );
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
        title: { en: "v1 still serves, alone", zh: "仍然只有 v1 在服务" },
        why: {
          en: "A pod that is not ready gets no traffic, so nobody has met v2.",
          zh: "未就绪的 Pod 得不到流量，所以没有人遇到过 v2。",
        },
      },
      async () => {
        await expect(page).toReachOnly("v1", { times: 300 });
      },
    );

    step(
      {
        title: { en: "Undo the rollout", zh: "撤销发布" },
        why: {
          en: "The template of the revision before is put back; the v2 pods go, and the fourth v1 pod returns.",
          zh: "恢复上一个修订版的模板：v2 的 Pod 离开，第四个 v1 Pod 回来。",
        },
        look: {
          en: "Four of four ready, all of them v1, and still no failed request.",
          zh: "四个全部就绪，都是 v1，依然没有失败的请求。",
        },
      },
      async () => {
        await expect(
          load(page, { perSecond: 50, afterMs: 1_500 }).during(async () => {
            await kube.undo(service);
            await ready(service);
          }),
        ).toLoseNothing();
        const pods = (await kube.pods(service)).filter((pod) => !pod.metadata?.deletionTimestamp);
        const images = pods.map((pod) => pod.spec?.containers[0]?.image?.split(":").at(-1));
        expect(images, { en: "versions of the pods", zh: "各 Pod 的版本" }).toEqual([
          "v1",
          "v1",
          "v1",
          "v1",
        ]);
        await expect(page).toReachOnly("v1", { times: 300 });
      },
    );

    sabotage(
      { en: "readiness is always true", zh: "就绪探针总是成功" },
      {
        in: "service-v2.yaml",
        change: { "spec.template.spec.containers[0].readinessProbe.httpGet.path": "/" },
        fails: "Roll out a v2 that is never ready",
        because: "the rollout is given up",
      },
    );
    sabotage(
      { en: "half of the pods may be unavailable", zh: "允许一半的 Pod 不可用" },
      {
        in: "service-v2.yaml",
        change: { "spec.strategy.rollingUpdate.maxUnavailable": "50%" },
        fails: "Roll out a v2 that is never ready",
        because: "ready pods at any moment",
      },
    );
  },
);
