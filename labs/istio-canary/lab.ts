import { lab } from "../../harness/index.ts";

lab(
  "istio-canary",
  {
    tutorial: "k8s-test › 4; k8s-combat › weights",
    addons: ["istio"],
    namespaceLabels: { "istio-injection": "enabled" },
    shows: {
      en: "A canary release: nine requests in ten to v1, one in ten to v2.",
      zh: "灰度发布：十分之九的请求到 v1，十分之一到 v2。",
    },
    before: {
      en: "You will run two versions of logic side by side and let a rule of the mesh decide how many requests each gets.",
      zh: "你将并排运行 logic 的两个版本，由网格规则决定各自得到多少请求。",
    },
    after: {
      en: "The sidecar of the caller drew a destination for each request, by the weights. No app was changed, and the number of pods has nothing to do with the shares.",
      zh: "调用方的 sidecar 按权重为每个请求选择目的地。应用没有任何改动，流量比例也与 Pod 数量无关。",
    },
  },
  ({ step, apply, ready, from, expect, sabotage }) => {
    step(
      {
        title: {
          en: "Deploy access, and two versions of logic and of the Greeter",
          zh: "部署 access，以及 logic 与 Greeter 的两个版本",
        },
        why: {
          en: "Both versions of an app stand behind one Service; without a rule each would get half. The Greeter is for the second half: it speaks gRPC.",
          zh: "一个应用的两个版本在同一个 Service 之后；没有规则时各得一半。Greeter 留给后半部分：它使用 gRPC。",
        },
        look: {
          en: "Every pod is 2/2: the app and its sidecar.",
          zh: "每个 Pod 都是 2/2：应用与 sidecar。",
        },
      },
      async () => {
        await apply("apps.yaml", "grpc-apps.yaml");
        await ready(
          "deployment/access",
          "deployment/logic-v1",
          "deployment/logic-v2",
          "deployment/k8s-combat-service-v1",
          "deployment/k8s-combat-service-v2",
        );
      },
    );

    step(
      {
        title: { en: "Send one request in ten to v2", zh: "把十分之一的请求送到 v2" },
        why: {
          en: "The DestinationRule names two subsets by their labels; the VirtualService gives them weights. The sidecar draws for each request, so kept connections are shared out too.",
          zh: "DestinationRule 按标签命名两个子集；VirtualService 为它们设定权重。sidecar 为每个请求抽取目的地，所以保持的连接上的请求同样会被分配。",
        },
        look: { en: "About 10 % of the answers come from v2.", zh: "约 10 % 的回答来自 v2。" },
      },
      async () => {
        await apply("subsets.yaml", "weights.yaml");
        await expect(
          from("deployment/access").get("http://logic:8080/", { connections: 10 }),
        ).toSplit({
          v1: 90,
          v2: 10,
        });
      },
    );

    step(
      {
        title: { en: "Send nine gRPC calls in ten to v2", zh: "把十分之九的 gRPC 调用送到 v2" },
        why: {
          en: "A gRPC method is an HTTP/2 path, so the rule can match it and limit how long it may take; each call is routed, not each connection.",
          zh: "gRPC 方法就是 HTTP/2 路径，规则可以匹配它并限制它的时长；路由的是每次调用，而不是每条连接。",
        },
        look: {
          en: "Even over one connection both versions answer.",
          zh: "即使在同一条连接上，两个版本也都会回答。",
        },
      },
      async () => {
        await apply("grpc-subsets.yaml", "grpc-weights.yaml");
        await expect(
          from("deployment/access").grpc(
            "k8s-combat-service-istio-mesh:50051",
            "helloworld.Greeter/SayHello",
            { name: "world", connections: "kept-alive", concurrency: 10 },
          ),
        ).toSplit({ v1: 10, v2: 90 });
      },
    );

    sabotage(
      { en: "the weights are swapped", zh: "权重互换" },
      {
        in: "weights.yaml",
        swap: ["spec.http[0].route[0].weight", "spec.http[0].route[1].weight"],
        fails: "Send one request in ten to v2",
      },
    );
    sabotage(
      { en: "the weights are 80/20", zh: "权重为 80/20" },
      {
        in: "weights.yaml",
        change: { "spec.http[0].route[0].weight": 20, "spec.http[0].route[1].weight": 80 },
        fails: "Send one request in ten to v2",
      },
    );
    sabotage(
      { en: "there is no VirtualService", zh: "没有 VirtualService" },
      {
        in: "weights.yaml",
        leaveOut: true,
        fails: "Send one request in ten to v2",
        because: "not in force",
      },
    );
    sabotage(
      { en: "the gRPC weights are swapped", zh: "gRPC 权重互换" },
      {
        in: "grpc-weights.yaml",
        swap: ["spec.http[0].route[0].weight", "spec.http[0].route[1].weight"],
        fails: "Send nine gRPC calls in ten to v2",
      },
    );
  },
);
