import { lab, type RequestDescription } from "../../harness/index.ts";

lab(
  "service-types",
  {
    tutorial: "k8s-test › 3; docker-to-istio-3",
    shows: {
      en: "A NodePort lets the outside in, a ClusterIP does not: outside → access → logic.",
      zh: "NodePort 允许外部进入，ClusterIP 不允许：外部 → access → logic。",
    },
    before: {
      en: "You will run two services, of which only one is meant to be seen from outside, and knock at both.",
      zh: "你将运行两个服务，其中只有一个应对外可见，然后分别敲两扇门。",
    },
    after: {
      en: "Both Services have a cluster IP, which only means something inside. The NodePort adds a port on every node that leads to the same pods. What needs no door gets none: logic can be asked through access only.",
      zh: "两个 Service 都有 cluster IP，它只在集群内有意义。NodePort 额外在每个节点上打开一个端口，通向同样的 Pod。不需要门的就不开门：只能经由 access 访问 logic。",
    },
  },
  ({ step, apply, ready, from, outside, expect, kube, sabotage }) => {
    const knock = (service: string): RequestDescription =>
      from(outside).get(`http://${service}:8080/`);

    step(
      {
        title: { en: "Deploy logic behind a ClusterIP", zh: "部署 logic，使用 ClusterIP" },
        why: {
          en: "ClusterIP is the type that a Service has unless it says otherwise: an address inside the cluster and nothing more.",
          zh: "ClusterIP 是 Service 的默认类型：一个集群内部的地址，仅此而已。",
        },
        look: {
          en: "kubectl get service shows one port, 8080/TCP.",
          zh: "kubectl get service 只显示一个端口 8080/TCP。",
        },
      },
      async () => {
        await apply("logic.yaml");
        await ready("deployment/logic", "service/logic");
      },
    );

    step(
      {
        title: { en: "Deploy access behind a NodePort", zh: "部署 access，使用 NodePort" },
        why: {
          en: "access is where requests come in from outside; it asks logic for each of them.",
          zh: "access 是外部请求进入的地方；它为每个请求询问 logic。",
        },
        look: {
          en: "kubectl get service shows two ports, as in 8080:31686/TCP: the second one is open on the node.",
          zh: "kubectl get service 显示两个端口，如 8080:31686/TCP：第二个在节点上打开。",
        },
      },
      async () => {
        await apply("access.yaml");
        await ready("deployment/access", "service/access");
      },
    );

    step(
      {
        title: { en: "Come in by the node's port", zh: "从节点端口进入" },
        why: {
          en: "The request enters at the node, reaches access, and access reaches logic by its name.",
          zh: "请求从节点进入，到达 access，access 再用名字访问 logic。",
        },
        look: {
          en: "The page names two pods: the access pod that answered and the logic pod that it asked.",
          zh: "页面写着两个 Pod：作答的 access Pod 和它询问的 logic Pod。",
        },
      },
      async () => {
        const [logic] = await kube.pods("deployment/logic");
        await expect(knock("access")).toAnswer({
          status: 200,
          app: "access",
          body: new RegExp(`asked http://logic:8080/: logic v1 on ${logic?.metadata?.name}$`),
        });
      },
    );

    step(
      {
        title: { en: "Knock at logic from outside", zh: "从外部敲 logic 的门" },
        why: {
          en: "A ClusterIP opens nothing on the node. That is no firewall, but there is simply no door.",
          zh: "ClusterIP 不在节点上打开任何端口。这不是防火墙，而是根本没有门。",
        },
        look: { en: "There is no way in.", zh: "没有入口。" },
      },
      async () => {
        const service = await kube.get("service/logic");
        expect(service.spec?.ports?.[0]?.nodePort, {
          en: "logic's port on the node",
          zh: "logic 在节点上的端口",
        }).not.toExist();
        await expect(knock("logic")).toRefuse();
      },
    );

    sabotage(
      { en: "access is a ClusterIP", zh: "access 是 ClusterIP" },
      {
        in: "access.yaml",
        object: "Service/access",
        change: { "spec.type": "ClusterIP" },
        fails: "Come in by the node's port",
        check: "toAnswer",
        because: "no way in from outside",
      },
    );
    sabotage(
      { en: "logic is a NodePort", zh: "logic 是 NodePort" },
      {
        in: "logic.yaml",
        object: "Service/logic",
        change: { "spec.type": "NodePort" },
        fails: "Knock at logic from outside",
      },
    );
    sabotage(
      { en: "access is told another name for logic", zh: "access 拿到的 logic 名字是错的" },
      {
        in: "access.yaml",
        object: "Deployment/access",
        change: {
          "spec.template.spec.containers[0].args": ["access", "--logic-url=http://logik:8080/"],
        },
        fails: "Come in by the node's port",
        check: "toAnswer",
      },
    );
  },
);
