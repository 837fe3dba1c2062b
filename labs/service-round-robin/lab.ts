import { lab } from "../../harness/index.ts";

lab(
  "service-round-robin",
  {
    tutorial: "k8s-combat › load test",
    shows: {
      en: "A Service spreads new connections over its pods; one connection stays where it is.",
      zh: "Service 把新连接分散到各个 Pod；同一条连接则始终停在同一个 Pod。",
    },
    before: {
      en: "You will scale an app from one pod to two by applying its file again, and watch who answers.",
      zh: "你将再次 apply 同一个文件，把应用从一个 Pod 扩为两个，并观察由谁回答。",
    },
    after: {
      en: "A Service chooses a pod when a connection is opened, not for every request. HTTP clients that open new connections are balanced; one that keeps its connection, as gRPC does, is not.",
      zh: "Service 在建立连接时选择 Pod，而不是每个请求都选。不断新建连接的 HTTP 客户端会被均衡；像 gRPC 那样保持连接的则不会。",
    },
  },
  ({ step, apply, ready, from, expect, eventually, kube, sabotage }) => {
    step(
      {
        title: {
          en: "Deploy the caller and one pod behind a Service",
          zh: "部署调用方与一个 Service 后的 Pod",
        },
        why: {
          en: "The Service has a name that does not change, whatever pods stand behind it.",
          zh: "无论背后是哪些 Pod，Service 的名字都不变。",
        },
      },
      async () => {
        await apply("deployment.yaml", "service.yaml");
        await ready("deployment/k8s-combat", "deployment/k8s-combat-service");
        await expect(
          from("deployment/k8s-combat").get("http://k8s-combat-service:8081/ping"),
        ).toAnswer({
          status: 200,
          body: "pong",
        });
      },
    );

    step(
      {
        title: {
          en: "Scale to two by applying the file again",
          zh: "再次 apply 文件，扩为两个副本",
        },
        why: {
          en: "Only replicas differs. What the file says is what the cluster becomes: that is what declarative means.",
          zh: "只有 replicas 不同。文件怎么写，集群就变成怎样：这就是声明式。",
        },
        look: {
          en: "The EndpointSlice of the Service holds two addresses.",
          zh: "Service 的 EndpointSlice 中有两个地址。",
        },
      },
      async () => {
        await apply("service-two-replicas.yaml");
        await ready("deployment/k8s-combat-service");
        await eventually(async () => {
          const slices = await kube.list("endpointslices", {
            labels: "kubernetes.io/service-name=k8s-combat-service",
          });
          const addresses = slices
            .flatMap((slice) => slice.endpoints ?? [])
            .flatMap((endpoint) => endpoint.addresses);
          expect(addresses.length, {
            en: "addresses in the EndpointSlice",
            zh: "EndpointSlice 中的地址数",
          }).toBe(2);
        });
      },
    );

    step(
      {
        title: { en: "New connections reach both pods", zh: "新连接到达两个 Pod" },
        why: {
          en: "Every request opens a connection of its own, and each connection is given a pod at random.",
          zh: "每个请求新建一条连接，每条连接随机分到一个 Pod。",
        },
        look: { en: "Both pods answer about half.", zh: "两个 Pod 各回答约一半。" },
      },
      async () => {
        await expect(
          from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
            connections: "new",
          }),
        ).toBalance();
      },
    );

    step(
      {
        title: { en: "A kept-alive connection stays on one pod", zh: "保持的连接停在一个 Pod" },
        why: {
          en: "A Service balances connections, not requests.",
          zh: "Service 均衡的是连接，而不是请求。",
        },
        look: { en: "One pod answers everything.", zh: "所有回答都来自同一个 Pod。" },
      },
      async () => {
        await expect(
          from("deployment/k8s-combat").get("http://k8s-combat-service:8081/", {
            connections: "kept-alive",
            concurrency: 1,
          }),
        ).toStayOnOnePod({ times: 50 });
      },
    );

    sabotage(
      { en: "the Service selects neither pod", zh: "Service 两个 Pod 都没有选中" },
      {
        in: "service-two-replicas.yaml",
        object: "Service/k8s-combat-service",
        add: { "spec.selector.only": "this-one" },
        fails: "Scale to two by applying the file again",
      },
    );
    sabotage(
      { en: "the Service keeps each client on one pod", zh: "Service 让每个客户端固定在一个 Pod" },
      {
        in: "service-two-replicas.yaml",
        object: "Service/k8s-combat-service",
        add: { "spec.sessionAffinity": "ClientIP" },
        fails: "New connections reach both pods",
      },
    );
    sabotage(
      {
        en: "the Service selects one pod only: there is no second",
        zh: "Service 只选中一个 Pod：没有第二个",
      },
      {
        in: "service-two-replicas.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.replicas": 1 },
        fails: "Scale to two by applying the file again",
      },
    );
  },
);
