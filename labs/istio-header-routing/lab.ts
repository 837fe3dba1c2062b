import { lab } from "../../harness/index.ts";

lab(
  "istio-header-routing",
  {
    tutorial: "k8s-combat › mesh",
    addons: ["istio"],
    namespaceLabels: { "istio-injection": "enabled" },
    shows: {
      en: "A header of the request chooses the version that answers; without it, version 1 does.",
      zh: "请求头决定由哪个版本回答；没有该请求头时由 v1 回答。",
    },
    before: {
      en: "You will run two versions behind one Service and send each request where its header says.",
      zh: "你将在一个 Service 后运行两个版本，并按请求头把每个请求送到指定版本。",
    },
    after: {
      en: "The caller's sidecar read the VirtualService and chose the subset before the request left the pod. gRPC metadata are HTTP/2 headers, so the same rule holds for gRPC.",
      zh: "调用方的 sidecar 读取 VirtualService，在请求离开 Pod 之前选择了子集。gRPC 的 metadata 就是 HTTP/2 的头，所以同一规则也适用于 gRPC。",
    },
  },
  ({ step, apply, ready, from, expect, sabotage }) => {
    const caller = from("deployment/k8s-combat");
    const service = "k8s-combat-service-istio-mesh";

    step(
      {
        title: {
          en: "Deploy two versions behind one Service",
          zh: "在一个 Service 后部署两个版本",
        },
        why: {
          en: "Both versions carry the label the Service selects; a label of their own tells them apart.",
          zh: "两个版本都带有 Service 选择的标签；各自的标签用来区分它们。",
        },
        look: {
          en: "Every pod is 2/2: the app and its sidecar.",
          zh: "每个 Pod 都是 2/2：应用与 sidecar。",
        },
      },
      async () => {
        await apply("apps.yaml", "subsets.yaml");
        await ready(
          "deployment/k8s-combat",
          "deployment/k8s-combat-service-v1",
          "deployment/k8s-combat-service-v2",
        );
      },
    );

    step(
      {
        title: {
          en: "Header 100 reaches v1, header 200 reaches v2",
          zh: "请求头 100 到 v1，200 到 v2",
        },
        why: {
          en: "The VirtualService compares the header version with each of its rules, from the top.",
          zh: "VirtualService 从上到下把请求头 version 与每条规则比较。",
        },
        look: {
          en: "Not one request goes to the wrong version.",
          zh: "没有一个请求到错误的版本。",
        },
      },
      async () => {
        await apply("header-routes.yaml");
        const url = `http://${service}:8081/ping`;
        await expect(caller.get(url, { headers: { version: "100" } })).toReachOnly("v1", {
          times: 500,
        });
        await expect(caller.get(url, { headers: { version: "200" } })).toReachOnly("v2", {
          times: 500,
        });
      },
    );

    step(
      {
        title: { en: "Without the header, v1 answers", zh: "没有请求头时由 v1 回答" },
        why: {
          en: "The last rule has no condition: it takes what no other took.",
          zh: "最后一条规则没有条件：接住其他规则没有匹配的请求。",
        },
      },
      async () => {
        await expect(caller.get(`http://${service}:8081/ping`)).toReachOnly("v1", { times: 500 });
        await expect(
          caller.get(`http://${service}:8081/ping`, { headers: { version: "300" } }),
        ).toReachOnly("v1", { times: 500 });
      },
    );

    step(
      {
        title: { en: "The same for gRPC metadata", zh: "gRPC metadata 同样如此" },
        why: {
          en: "Metadata travel as HTTP/2 headers, which is all the sidecar looks at.",
          zh: "metadata 以 HTTP/2 头传输，sidecar 看的就是它。",
        },
      },
      async () => {
        const greet = (version: string) =>
          caller.grpc(`${service}:50051`, "helloworld.Greeter/SayHello", {
            name: "world",
            metadata: { version },
          });
        await expect(greet("100")).toReachOnly("v1", { times: 500 });
        await expect(greet("200")).toReachOnly("v2", { times: 500 });
      },
    );

    sabotage(
      { en: "the value that v2 matches is wrong", zh: "v2 匹配的值写错" },
      {
        in: "header-routes.yaml",
        change: { "spec.http[1].match[0].headers.version.exact": "201" },
        fails: "Header 100 reaches v1, header 200 reaches v2",
      },
    );
    sabotage(
      { en: "the default goes to v2", zh: "默认规则指向 v2" },
      {
        in: "header-routes.yaml",
        change: { "spec.http[2].route[0].destination.subset": "v2" },
        fails: "Without the header, v1 answers",
      },
    );
    sabotage(
      { en: "the gRPC port is not known to be gRPC", zh: "gRPC 端口没有标明协议" },
      {
        in: "apps.yaml",
        object: "Service/k8s-combat-service-istio-mesh",
        change: { "spec.ports[1].name": "tcp-greeter" },
        fails: "The same for gRPC metadata",
      },
    );
  },
);
