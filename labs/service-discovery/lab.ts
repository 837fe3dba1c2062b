import { lab } from "../../harness/index.ts";

lab(
  "service-discovery",
  {
    tutorial: "k8s-combat › service; k8s-app-monitor › discovery",
    spaces: ["other"],
    shows: {
      en: "Find another app by its Service's name, and why by DNS rather than by environment variables.",
      zh: "通过 Service 名称找到另一个应用，以及为什么用 DNS 而不是环境变量。",
    },
    before: {
      en: "You will call one app from another by a name, from the same namespace and from another one, and look at the two places where Kubernetes writes that name down.",
      zh: "你将用名字从一个应用访问另一个应用，先在同一命名空间，再跨命名空间，并查看 Kubernetes 写下这个名字的两个地方。",
    },
    after: {
      en: "The cluster's DNS knows every Service at once, also those that are younger than the pod that asks. The environment is written once, when a container starts: a Service that comes later is missing until the pod is replaced.",
      zh: "集群 DNS 立即知道每个 Service，包括比提问的 Pod 更晚创建的。环境变量只在容器启动时写入一次：之后才有的 Service，要等 Pod 被替换后才会出现。",
    },
  },
  ({ step, apply, ready, from, expect, kube, namespace, sabotage }) => {
    const app = "http://127.0.0.1:8081/service";
    const environment = async () => (await kube.exec("deployment/k8s-combat", ["env"])).stdout;

    step(
      {
        title: { en: "Put a Service in front of the callee", zh: "在被调用方前放一个 Service" },
        why: {
          en: "A Service finds its pods by their labels, and gives them one name and one address that stay while pods come and go.",
          zh: "Service 按标签找到它的 Pod，并给它们一个名字和一个地址；Pod 来来去去，名字和地址不变。",
        },
        look: {
          en: "kubectl get endpointslices shows the pod's address. Where it shows none, the selector and the labels do not match.",
          zh: "kubectl get endpointslices 显示 Pod 的地址。如果没有地址，就是 selector 与标签不匹配。",
        },
      },
      async () => {
        await apply("service.yaml");
        await ready("deployment/k8s-combat-service");
        await ready("service/k8s-combat-service", { timeoutMs: 10_000 });
      },
    );

    step(
      {
        title: { en: "Call it by its short name", zh: "用短名字访问" },
        why: {
          en: "/service of k8s-combat asks http://k8s-combat-service:8081/ping: inside one namespace the Service's name is enough.",
          zh: "k8s-combat 的 /service 会请求 http://k8s-combat-service:8081/ping：在同一命名空间内，Service 名就够了。",
        },
        look: { en: "It answers 200 OK.", zh: "它回答 200 OK。" },
      },
      async () => {
        await apply("deployment.yaml");
        await ready("deployment/k8s-combat");
        await expect(from("deployment/k8s-combat").get(app)).toAnswer(
          { status: 200, body: "200 OK" },
          { converge: true },
        );
      },
    );

    step(
      {
        title: { en: "Call it from another namespace", zh: "从另一个命名空间访问" },
        why: {
          en: "A short name is looked up in the caller's own namespace. From elsewhere the full name says where the Service lives.",
          zh: "短名字只在调用方自己的命名空间里查找。从别处访问时，完整域名说明 Service 在哪里。",
        },
        look: {
          en: "The full name answers 200 OK. The short name is not known there.",
          zh: "完整域名回答 200 OK；短名字在那里无法解析。",
        },
      },
      async () => {
        await apply("deployment.yaml", { space: "other" });
        await ready("other:deployment/k8s-combat");
        const other = from("other:deployment/k8s-combat");
        const fullName = `k8s-combat-service.${namespace}.svc.cluster.local`;
        await expect(other.get(`${app}?target=http://${fullName}:8081/ping`)).toAnswer(
          { status: 200, body: "200 OK" },
          { converge: true },
        );
        // A cluster without a way out takes seconds to say that a name is unknown, and a few at a time.
        const shortName = other.get("http://k8s-combat-service:8081/ping", {
          timeoutMs: 15_000,
          concurrency: 4,
        });
        await expect(shortName).toRefuse({ as: "dns" });
      },
    );

    step(
      {
        title: { en: "Look into the pod's environment", zh: "查看 Pod 的环境变量" },
        why: {
          en: "The kubelet also writes each Service's address into the environment of the containers that it starts in the same namespace.",
          zh: "kubelet 还会把同一命名空间中每个 Service 的地址写入它启动的容器的环境变量。",
        },
        look: {
          en: "K8S_COMBAT_SERVICE_SERVICE_HOST holds the Service's cluster IP: the Service is older than the pod.",
          zh: "K8S_COMBAT_SERVICE_SERVICE_HOST 是该 Service 的 cluster IP：Service 比 Pod 更早创建。",
        },
      },
      async () => {
        const service = await kube.get("service/k8s-combat-service");
        expect(await environment(), {
          en: "the pod's environment",
          zh: "Pod 的环境变量",
        }).toContain(`K8S_COMBAT_SERVICE_SERVICE_HOST=${service.spec?.clusterIP}\n`);
      },
    );

    step(
      {
        title: { en: "Create a Service after the pod", zh: "在 Pod 之后创建 Service" },
        why: {
          en: "Nobody can rewrite the environment of a process that runs. DNS is asked each time, so it answers with what is there now.",
          zh: "没有人能改写正在运行的进程的环境变量。DNS 每次都会被询问，所以它回答的是此刻的情况。",
        },
        look: {
          en: "The new name answers 200 OK at once, and is in no variable of the pod.",
          zh: "新名字立即回答 200 OK，但不在 Pod 的任何变量中。",
        },
      },
      async () => {
        await apply("later-service.yaml");
        await ready("deployment/k8s-app-monitor-test");
        await expect(
          from("deployment/k8s-combat").get(
            `${app}?target=http://k8s-app-monitor-test:3000/metrics`,
          ),
        ).toAnswer({ status: 200, body: "200 OK" }, { converge: true });
        expect(await environment(), {
          en: "the pod's environment",
          zh: "Pod 的环境变量",
        }).not.toContain("K8S_APP_MONITOR_TEST");
      },
    );

    step(
      {
        title: { en: "Replace the pod", zh: "替换 Pod" },
        why: {
          en: "A new container is started with the Services of that moment.",
          zh: "新容器启动时带有那一刻的所有 Service。",
        },
        look: {
          en: "Now the younger Service has its variables too. Code that uses DNS never had to wait for this.",
          zh: "现在较新的 Service 也有了变量。使用 DNS 的代码根本不必等这一步。",
        },
      },
      async () => {
        await kube.restart("deployment/k8s-combat");
        await ready("deployment/k8s-combat");
        expect(await environment(), {
          en: "the new pod's environment",
          zh: "新 Pod 的环境变量",
        }).toContain("K8S_APP_MONITOR_TEST_SERVICE_HOST=");
      },
    );

    sabotage(
      { en: "the Service's selector matches no pod", zh: "Service 的 selector 不匹配任何 Pod" },
      {
        in: "service.yaml",
        object: "Service/k8s-combat-service",
        change: { "spec.selector.app": "k8s-combat-servce" },
        fails: "Put a Service in front of the callee",
        because: "no pod matches its selector app=k8s-combat-servce",
      },
    );
    sabotage(
      { en: "the Service forwards to a port that is not open", zh: "Service 转发到未打开的端口" },
      {
        in: "service.yaml",
        object: "Service/k8s-combat-service",
        change: { "spec.ports[0].targetPort": 8082 },
        fails: "Call it by its short name",
        check: "toAnswer",
      },
    );
    sabotage(
      { en: "the pod wants no variables of Services", zh: "Pod 不要 Service 变量" },
      {
        in: "deployment.yaml",
        add: { "spec.template.spec.enableServiceLinks": false },
        fails: "Look into the pod's environment",
      },
    );
    sabotage(
      { en: "the later Service has another name", zh: "后来的 Service 用了别的名字" },
      {
        in: "later-service.yaml",
        object: "Service/k8s-app-monitor-test",
        change: { "metadata.name": "k8s-app-monitor" },
        fails: "Create a Service after the pod",
        check: "toAnswer",
      },
    );
  },
);
