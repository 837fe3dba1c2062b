import { lab } from "../../harness/index.ts";

lab(
  "prestop-drain",
  {
    tutorial: "k8s-combat › graceful stop",
    shows: {
      en: "Nodes learn late that a pod has stopped; a preStop that waits keeps the pod serving until they know.",
      zh: "各节点得知 Pod 停止总有延迟；preStop 的等待让 Pod 在此期间继续服务。",
    },
    before: {
      en: "You will delete the pods of an app one after another under load, with and without a preStop hook. It sleeps 2 s here, 10 s in the tutorial.",
      zh: "你将在流量下逐个删除应用的 Pod，一次有 preStop，一次没有。这里它睡 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "Deleting a pod starts two things at once: the kubelet stops the container, and the EndpointSlice drops its address, which kube-proxy then takes out of the node's rules, at most once a second. Whoever is sent to the address in between finds nobody there. preStop delays the first until the second is done; the app itself cannot, however gracefully it stops.",
      zh: "删除 Pod 会同时触发两件事：kubelet 停止容器；EndpointSlice 去掉它的地址，kube-proxy 随后更新节点规则，最多每秒一次。在这之间被送到该地址的请求就扑空了。preStop 把前者推迟到后者完成之后；应用自己停得再优雅也做不到这一点。",
    },
  },
  ({ step, apply, ready, from, ask, load, expect, eventually, kube, sabotage }) => {
    const pageOf = (service: string) =>
      from("deployment/k8s-combat").get(`http://${service}:8081/`, { connections: "new" });
    /** Deletes all three pods, each when the one before has been replaced. */
    const deletePods = (service: string) =>
      load(pageOf(service), { perSecond: 50 }).during(async () => {
        for (const pod of await kube.pods(`deployment/${service}`)) {
          await kube.delete(`pod/${pod.metadata?.name}`);
          await ready(`deployment/${service}`);
        }
        // The rules of the nodes still have to follow.
        await eventually(() => ask(pageOf(service)), { inARow: 10, everyMs: 100 });
      });

    step(
      {
        title: { en: "Deploy both variants", zh: "部署两种变体" },
        why: {
          en: "They differ in nothing but the hook. The app itself stops gracefully in both.",
          zh: "两者只差这个钩子；应用本身都会优雅停止。",
        },
      },
      async () => {
        const all = ["with-prestop", "without-prestop"];
        await apply("caller.yaml", ...all.map((name) => `${name}.yaml`));
        await ready("deployment/k8s-combat", ...all.map((name) => `deployment/${name}`));
        for (const name of all) await expect(pageOf(name)).toAnswer({ status: 200 });
      },
    );

    step(
      {
        title: { en: "Delete pods that drain first", zh: "删除会先排空的 Pod" },
        why: {
          en: "SIGTERM comes only after the sleep. Until then the pod, Terminating as it is, answers as ever.",
          zh: "睡眠结束后才会发出 SIGTERM。在那之前，Pod 虽处于 Terminating，仍照常回答。",
        },
        look: {
          en: "Three pods are replaced and not one request fails.",
          zh: "三个 Pod 都被替换，没有一个请求失败。",
        },
      },
      async () => {
        await expect(deletePods("with-prestop")).toLoseNothing();
      },
    );

    step(
      {
        title: { en: "Delete pods that stop at once", zh: "删除立刻停止的 Pod" },
        why: {
          en: "The container is gone within milliseconds, and the rules that lead to it are not.",
          zh: "容器在几毫秒内就没了，而通往它的规则还在。",
        },
        look: {
          en: "Requests fail: refused by an address where nobody listens any more, or lost on the way to it.",
          zh: "有请求失败：要么被已无人监听的地址拒绝，要么消失在途中。",
        },
      },
      async () => {
        await expect(deletePods("without-prestop")).toLoseSome();
      },
    );

    sabotage(
      { en: "preStop is removed", zh: "去掉 preStop" },
      {
        in: "with-prestop.yaml",
        object: "Deployment/with-prestop",
        remove: "spec.template.spec.containers[0].lifecycle",
        fails: "Delete pods that drain first",
        check: "toLoseNothing",
      },
    );
    sabotage(
      { en: "the other has a preStop too", zh: "另一个也有 preStop" },
      {
        in: "without-prestop.yaml",
        object: "Deployment/without-prestop",
        add: {
          "spec.template.spec.containers[0].lifecycle": {
            preStop: { exec: { command: ["sh", "-c", "sleep 2"] } },
          },
        },
        fails: "Delete pods that stop at once",
        check: "toLoseSome",
      },
    );
  },
);
