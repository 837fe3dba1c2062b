import { lab } from "../../harness/index.ts";

lab(
  "grpc-connection-pinning",
  {
    tutorial: "k8s-combat › service (gRPC)",
    vars: { oneConnection: true },
    shows: {
      en: "A Service balances connections, not calls: gRPC stays on the pod it first met.",
      zh: "Service 均衡的是连接而不是调用：gRPC 会一直停在最初遇到的 Pod。",
    },
    before: {
      en: "You will make gRPC calls to two pods behind one Service: first over one connection, as gRPC clients do, then over many.",
      zh: "你将对一个 Service 后的两个 Pod 发起 gRPC 调用：先用一条连接，像 gRPC 客户端那样，再用许多连接。",
    },
    after: {
      en: "A Service works on TCP: it chooses a pod when a connection opens and sees no calls. gRPC puts all calls on one HTTP/2 connection, so one pod gets them all, and a new pod gets none. Something that understands HTTP/2 has to choose per call: a mesh, or a client that knows every pod.",
      zh: "Service 工作在 TCP 层：建立连接时选择 Pod，看不到调用。gRPC 把所有调用放在一条 HTTP/2 连接上，于是一个 Pod 承担全部，新的 Pod 得不到请求。要按调用选择，需要懂 HTTP/2 的东西：服务网格，或知道所有 Pod 的客户端。",
    },
  },
  ({ step, apply, ready, from, expect, kube, vars, sabotage }) => {
    const call = (connections: "new" | "kept-alive") =>
      from("deployment/k8s-combat").grpc(
        "k8s-combat-service:50051",
        "helloworld.Greeter/SayHello",
        { name: "world", connections },
      );

    step(
      {
        title: {
          en: "Deploy two Greeters behind one Service",
          zh: "在一个 Service 后部署两个 Greeter",
        },
        why: {
          en: "Each pod serves HTTP on 8081 and gRPC on 50051; the Service has a port for each.",
          zh: "每个 Pod 在 8081 提供 HTTP，在 50051 提供 gRPC；Service 各有一个端口。",
        },
        look: { en: "Two pods are ready.", zh: "两个 Pod 就绪。" },
      },
      async () => {
        await apply("deployment.yaml", "service.yaml");
        await ready("deployment/k8s-combat", "deployment/k8s-combat-service");
        expect(await kube.pods("service/k8s-combat-service"), {
          en: "pods of the Service",
          zh: "Service 的 Pod",
        }).toHaveLength(2);
      },
    );

    step(
      {
        title: { en: "Open a connection for each call", zh: "每次调用新建一条连接" },
        why: {
          en: "Each connection is given one of the two pods at random. No gRPC client does this by itself: opening a connection costs more than a call.",
          zh: "每条连接随机分到两个 Pod 之一。没有 gRPC 客户端会自己这样做：建立连接比一次调用更贵。",
        },
        look: {
          en: "Both pods answer about half of the calls.",
          zh: "两个 Pod 各回答约一半的调用。",
        },
      },
      async () => {
        await expect(call("new")).toBalance();
      },
    );

    step(
      {
        title: { en: "Make all calls over one connection", zh: "所有调用共用一条连接" },
        why: {
          en: "This is what gRPC does: the connection is kept and every call is a stream on it.",
          zh: "gRPC 正是如此：连接被保持，每次调用是其上的一个流。",
        },
        look: {
          en: "The same two pods, the same Service, and yet one pod answers every call.",
          zh: "同样的两个 Pod、同样的 Service，却由一个 Pod 回答所有调用。",
        },
      },
      async () => {
        const connections = vars.oneConnection ? "kept-alive" : "new";
        await expect(call(connections)).toStayOnOnePod({ times: 200 });
      },
    );

    sabotage(
      { en: "the client opens a connection a call", zh: "客户端每次调用新建连接" },
      {
        set: { oneConnection: false },
        fails: "Make all calls over one connection",
        check: "toStayOnOnePod",
      },
    );
    sabotage(
      { en: "the Service keeps each client on one pod", zh: "Service 让每个客户端固定在一个 Pod" },
      {
        in: "service.yaml",
        object: "Service/k8s-combat-service",
        add: { "spec.sessionAffinity": "ClientIP" },
        fails: "Open a connection for each call",
        check: "toBalance",
      },
    );
    sabotage(
      { en: "only one Greeter runs", zh: "只有一个 Greeter 在运行" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.replicas": 1 },
        fails: "Deploy two Greeters behind one Service",
      },
    );
  },
);
