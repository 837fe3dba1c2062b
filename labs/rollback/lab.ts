import { lab } from "../../harness/index.ts";

lab(
  "rollback",
  {
    tutorial: "k8s-combat › rollback",
    shows: {
      en: "A rollback is a rollout of an earlier revision: to the one before, or to any that is still kept.",
      zh: "回滚就是重新发布一个旧的修订版：可以是上一个，也可以是任何仍被保留的版本。",
    },
    before: {
      en: "You will roll out v2 and v3, go back one revision, then back to the first, while a caller never stops. preStop waits 2 s here, 10 s in the tutorial.",
      zh: "你将发布 v2 与 v3，回退一个修订版，再回到第一个，期间调用方从不停止。这里 preStop 等待 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "Every revision is a ReplicaSet that was kept at zero pods. Going back takes its template, so it gets a new number and the old number disappears from the history: that is why 2 became 4 and 1 became 5. Only the pod template is undone, not the number of replicas, nor a ConfigMap that the app reads.",
      zh: "每个修订版都是一个保留下来的、Pod 数为零的 ReplicaSet。回退就是取用它的模板，于是它得到新的编号，旧编号从历史中消失：所以 2 变成 4，1 变成 5。撤销的只有 Pod 模板，不包括副本数，也不包括应用读取的 ConfigMap。",
    },
  },
  ({ step, apply, ready, from, load, expect, kube, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
    });
    /** `1:v1 2:v2`: the revisions that kubectl rollout history lists, with their images' tags. */
    const history = async () => {
      const revisions = await kube.history(service);
      return revisions
        .map(({ revision, template }) => {
          const { containers } = template["spec"] as { containers: { image: string }[] };
          return `${revision}:${containers[0]?.image.split(":").at(-1)}`;
        })
        .join(" ");
    };
    const whileServing = (change: () => Promise<void>) =>
      expect(
        load(page, { perSecond: 50, afterMs: 1_500 }).during(async () => {
          await change();
          await ready(service);
        }),
      ).toLoseNothing();

    step(
      {
        title: { en: "Deploy v1", zh: "部署 v1" },
        why: {
          en: "The first ReplicaSet is revision 1.",
          zh: "第一个 ReplicaSet 就是修订版 1。",
        },
      },
      async () => {
        await apply("caller.yaml", "service.yaml");
        await ready("deployment/k8s-combat", service);
        await expect(page).toReachOnly("v1", { times: 300 });
        expect(await history(), { en: "history", zh: "修订历史" }).toBe("1:v1");
      },
    );

    step(
      {
        title: { en: "Roll out v2, then v3", zh: "发布 v2，再发布 v3" },
        why: {
          en: "Each new template makes a new ReplicaSet and a new revision; revisionHistoryLimit says how many old ones are kept.",
          zh: "每个新模板产生一个新的 ReplicaSet 与新的修订版；revisionHistoryLimit 决定保留几个旧的。",
        },
        look: {
          en: "kubectl rollout history lists 1, 2 and 3.",
          zh: "kubectl rollout history 列出 1、2、3。",
        },
      },
      async () => {
        for (const version of ["v2", "v3"]) {
          await whileServing(() =>
            kube.setImage(service, "k8s-combat-service", `kubelab/apps:${version}`),
          );
          await expect(page).toReachOnly(version, { times: 300 });
        }
        expect(await history(), { en: "history", zh: "修订历史" }).toBe("1:v1 2:v2 3:v3");
      },
    );

    step(
      {
        title: { en: "Undo: back to v2", zh: "撤销：回到 v2" },
        why: {
          en: "Without a number, undo takes the revision before the current one. It is a rolling update like any other.",
          zh: "不给编号时，undo 取当前之前的修订版。它与其他滚动更新没有区别。",
        },
        look: {
          en: "v2 answers, and its revision is now 4: there is no 2 any more.",
          zh: "v2 在回答，它的修订版现在是 4：2 已不存在。",
        },
      },
      async () => {
        await whileServing(() => kube.undo(service));
        await expect(page).toReachOnly("v2", { times: 300 });
        expect(await history(), { en: "history", zh: "修订历史" }).toBe("1:v1 3:v3 4:v2");
      },
    );

    step(
      {
        title: { en: "Undo to revision 1: back to v1", zh: "撤销到修订版 1：回到 v1" },
        why: {
          en: "--to-revision takes any revision that the history still holds.",
          zh: "--to-revision 可以取历史中仍保留的任何修订版。",
        },
        look: { en: "v1 answers, as revision 5.", zh: "v1 在回答，修订版是 5。" },
      },
      async () => {
        await whileServing(() => kube.undo(service, { toRevision: 1 }));
        await expect(page).toReachOnly("v1", { times: 300 });
        expect(await history(), { en: "history", zh: "修订历史" }).toBe("3:v3 4:v2 5:v1");
      },
    );

    sabotage(
      { en: "no old revision is kept", zh: "不保留旧的修订版" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.revisionHistoryLimit": 0 },
        fails: "Roll out v2, then v3",
        because: "history",
      },
    );
    sabotage(
      { en: "updates recreate all pods", zh: "更新时重建所有 Pod" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.strategy": { type: "Recreate" } },
        fails: "Roll out v2, then v3",
        check: "toLoseNothing",
      },
    );
  },
);
