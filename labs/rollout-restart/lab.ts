import { lab } from "../../harness/index.ts";

const restartedAt = "kubectl.kubernetes.io/restartedAt";

lab(
  "rollout-restart",
  {
    tutorial: "k8s-combat › restart",
    shows: {
      en: "All pods of an app are replaced by new ones of the same version, without downtime.",
      zh: "应用的所有 Pod 被同版本的新 Pod 替换，没有停机。",
    },
    before: {
      en: "You will restart an app under load, as one does after a Secret has changed or when memory leaks. preStop waits 2 s here, 10 s in the tutorial.",
      zh: "你将在流量下重启应用，就像 Secret 变更之后或内存泄漏时那样。这里 preStop 等待 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "kubectl rollout restart writes the time into an annotation of the pod template. The template has changed, so the Deployment rolls it out like a new version; nothing else is special about it. Deleting the pods by hand would not have waited for their successors.",
      zh: "kubectl rollout restart 把时间写进 Pod 模板的一个注解。模板变了，Deployment 就像发布新版本一样滚动；除此之外没有特别之处。手动删除 Pod 则不会等待接替者。",
    },
  },
  ({ step, apply, ready, from, load, expect, kube, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const page = from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
      connections: "new",
    });
    const uids = async () => {
      const pods = await kube.pods(service);
      return pods.filter((pod) => !pod.metadata?.deletionTimestamp).map((pod) => pod.metadata?.uid);
    };
    /** The pod template without the annotation that a restart writes, and that annotation. */
    const template = async () => {
      const { metadata, spec } = (await kube.get(service)).spec?.template ?? {};
      const { [restartedAt]: restart, ...annotations } = metadata?.annotations ?? {};
      return { restart, rest: { labels: metadata?.labels, annotations, spec } };
    };

    step(
      {
        title: { en: "Deploy the app", zh: "部署应用" },
        why: {
          en: "Two pods, a readiness probe and a preStop: what a restart without loss takes.",
          zh: "两个 Pod、就绪探针与 preStop：无损重启所需的一切。",
        },
      },
      async () => {
        await apply("caller.yaml", "service.yaml");
        await ready("deployment/k8s-combat", service);
        await expect(page).toReachOnly("v1", { times: 300 });
      },
    );

    step(
      {
        title: { en: "Restart it under load", zh: "在流量下重启" },
        why: {
          en: "A restart is a rolling update to the same image: new pods first, then the old ones go.",
          zh: "重启就是滚动更新到同一个镜像：先有新的 Pod，旧的再离开。",
        },
        look: {
          en: "Both pods have new names and UIDs, the template differs by one annotation, and no request fails.",
          zh: "两个 Pod 的名字与 UID 都是新的，模板只差一个注解，没有请求失败。",
        },
      },
      async () => {
        const [oldUids, before] = [await uids(), await template()];
        await expect(
          load(page, { perSecond: 50, afterMs: 2_000 }).during(async () => {
            await kube.restart(service);
            await ready(service);
          }),
        ).toLoseNothing();
        const [newUids, after] = [await uids(), await template()];
        expect(newUids, { en: "UIDs of the pods", zh: "各 Pod 的 UID" }).toHaveLength(2);
        const kept = newUids.filter((uid) => oldUids.includes(uid));
        expect(kept, { en: "pods that were not replaced", zh: "没有被替换的 Pod" }).toEqual([]);
        expect(after.rest, {
          en: "the template without the annotation",
          zh: "除注解以外的 Pod 模板",
        }).toEqual(before.rest);
        expect([before.restart, typeof after.restart], restartedAt).toEqual([undefined, "string"]);
        await expect(page).toReachOnly("v1", { times: 300 });
      },
    );

    sabotage(
      { en: "the strategy is Recreate", zh: "策略是 Recreate" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.strategy": { type: "Recreate" } },
        fails: "Restart it under load",
        check: "toLoseNothing",
      },
    );
    sabotage(
      { en: "there is no preStop", zh: "没有 preStop" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        remove: "spec.template.spec.containers[0].lifecycle",
        fails: "Restart it under load",
        check: "toLoseNothing",
      },
    );
  },
);
