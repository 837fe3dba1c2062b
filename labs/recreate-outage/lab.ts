import { lab } from "../../harness/index.ts";

lab(
  "recreate-outage",
  {
    tutorial: "k8s-combat › rolling",
    shows: {
      en: "The strategy Recreate stops every old pod before it starts a new one: callers see a gap.",
      zh: "Recreate 策略先停掉所有旧 Pod，再启动新的：调用方会看到一段中断。",
    },
    before: {
      en: "You will update an app twice under the same load, once with Recreate and once with RollingUpdate, and measure what callers see. The app takes a second to start; preStop waits 2 s, 10 s in the tutorial.",
      zh: "你将在同样的流量下更新应用两次，一次用 Recreate，一次用 RollingUpdate，并测量调用方看到了什么。应用启动需要一秒；preStop 等待 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "Between the end of the last old pod and the readiness of the first new one nobody could answer: the gap is about as long as the app's start. Recreate is for apps of which two versions must never run at once; for all others the tutorial's advice holds: do not use it.",
      zh: "从最后一个旧 Pod 结束到第一个新 Pod 就绪，没有人能回答：中断大约与应用的启动时间一样长。Recreate 只适合两个版本绝不能同时运行的应用；其他情况请听教程的建议：不要用它。",
    },
  },
  ({ step, apply, ready, from, load, expect, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
    });

    step(
      {
        title: { en: "Deploy two pods of v1", zh: "部署两个 v1 的 Pod" },
        why: {
          en: "The strategy makes no difference yet: it says what an update does.",
          zh: "此时策略还没有影响：它只决定更新时怎么做。",
        },
      },
      async () => {
        await apply("caller.yaml", "service-v1.yaml");
        await ready("deployment/k8s-combat", service);
        await expect(page).toAnswer({ status: 200, version: "v1" });
      },
    );

    step(
      {
        title: { en: "Update to v2 with Recreate", zh: "用 Recreate 更新到 v2" },
        why: {
          en: "Both old pods are told to stop, and only when they are gone are new ones created.",
          zh: "两个旧 Pod 都被要求停止，等它们消失后才创建新的。",
        },
        look: {
          en: "One outage, from the end of the old pods until the first new one is ready. While preStop still runs, the Service falls back to the pods that are stopping, so the gap begins later than the update.",
          zh: "一次中断：从旧 Pod 结束到第一个新 Pod 就绪。preStop 执行期间 Service 会退而使用正在停止的 Pod，所以中断比更新晚开始。",
        },
      },
      async () => {
        await expect(
          load(page, { perSecond: 50 }).during(async () => {
            await apply("service-v2.yaml");
            await ready(service);
            await expect(page).toAnswer({ status: 200, version: "v2" });
          }),
        ).toHaveOutage({ leastGapMs: 500 });
      },
    );

    step(
      {
        title: { en: "Update to v3 with RollingUpdate", zh: "用 RollingUpdate 更新到 v3" },
        why: {
          en: "Same app, same load, same preStop. Only the strategy is another.",
          zh: "同样的应用、流量与 preStop，只有策略不同。",
        },
        look: { en: "Not one failed request.", zh: "没有失败的请求。" },
      },
      async () => {
        await expect(
          load(page, { perSecond: 50 }).during(async () => {
            await apply("service-v3.yaml");
            await ready(service);
            await expect(page).toAnswer({ status: 200, version: "v3" });
          }),
        ).toLoseNothing();
      },
    );

    sabotage(
      { en: "the first update is a RollingUpdate", zh: "第一次更新用了 RollingUpdate" },
      {
        in: "service-v2.yaml",
        change: { "spec.strategy.type": "RollingUpdate" },
        fails: "Update to v2 with Recreate",
        check: "toHaveOutage",
        because: "there was no outage",
      },
    );
    sabotage(
      { en: "the second update is a Recreate too", zh: "第二次更新也用了 Recreate" },
      {
        in: "service-v3.yaml",
        change: { "spec.strategy": { type: "Recreate" } },
        fails: "Update to v3 with RollingUpdate",
        check: "toLoseNothing",
      },
    );
  },
);
