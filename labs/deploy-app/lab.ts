import { lab } from "../../harness/index.ts";

lab(
  "deploy-app",
  {
    tutorial: "k8s-combat › deploy",
    shows: {
      en: "A Deployment of one replica, with limits and requests, and how to look into its pod.",
      zh: "一个副本的 Deployment，带资源限制与请求，以及如何查看它的 Pod。",
    },
    before: {
      en: "You will see an app become a pod, ask it something from inside, and read what it logged.",
      zh: "你将看到应用变成 Pod，从内部向它提问，并读到它写下的日志。",
    },
    after: {
      en: "The Deployment asked for one pod with the label app=k8s-combat, and its ReplicaSet made one. What the app writes to its standard output is what kubectl logs shows.",
      zh: "Deployment 要求一个带标签 app=k8s-combat 的 Pod，由它的 ReplicaSet 创建。应用写到标准输出的内容，就是 kubectl logs 看到的内容。",
    },
  },
  ({ step, apply, ready, from, expect, eventually, kube, sabotage }) => {
    const calls = 5;

    step(
      {
        title: { en: "Deploy the app", zh: "部署应用" },
        why: {
          en: "A Deployment says which image to run and how many pods of it; Kubernetes keeps it so.",
          zh: "Deployment 说明运行哪个镜像、要几个 Pod；Kubernetes 负责让它一直如此。",
        },
        look: {
          en: "The pod goes from Pending to Running, and READY becomes 1/1 once its probe succeeds.",
          zh: "Pod 从 Pending 变为 Running，探针成功后 READY 变成 1/1。",
        },
      },
      async () => {
        await apply("deployment.yaml");
        await ready("deployment/k8s-combat");
        const [pod] = await kube.pods("deployment/k8s-combat");
        expect(pod?.status?.phase, { en: "phase of the pod", zh: "Pod 的阶段（phase）" }).toBe(
          "Running",
        );
      },
    );

    step(
      {
        title: { en: "Call it from inside its pod", zh: "在 Pod 内部访问它" },
        why: {
          en: "Nothing outside can reach the pod yet: the request is made in the pod itself, as kubectl exec would.",
          zh: "目前集群外还不能访问这个 Pod：请求就在 Pod 内部发出，如同 kubectl exec。",
        },
        look: { en: "/ping answers pong.", zh: "/ping 回答 pong。" },
      },
      async () => {
        await expect(from("deployment/k8s-combat").get("http://127.0.0.1:8081/ping")).toAnswer(
          { status: 200, body: "pong" },
          { times: calls },
        );
      },
    );

    step(
      {
        title: { en: "Read its log", zh: "查看日志" },
        why: {
          en: "Each call to /ping writes one line to the app's standard output, which Kubernetes collects.",
          zh: "每次访问 /ping，应用都会向标准输出写一行，由 Kubernetes 收集。",
        },
        look: { en: "Exactly one ping line for each call.", zh: "每次访问恰好一行 ping。" },
      },
      async () => {
        await eventually(async () => {
          const log = await kube.logs("deployment/k8s-combat");
          const pings = log.split("\n").filter((line) => line.endsWith(" ping"));
          expect(pings.length, { en: "ping lines in the log", zh: "日志中的 ping 行数" }).toBe(
            calls,
          );
        });
      },
    );

    sabotage(
      { en: "the image's name is wrong", zh: "镜像名写错" },
      {
        in: "deployment.yaml",
        change: { "spec.template.spec.containers[0].image": "kubelab/no-such-app:v1" },
        fails: "Deploy the app",
        because: "ImagePullBackOff",
      },
    );
    sabotage(
      { en: "the app listens on another port", zh: "应用监听另一个端口" },
      {
        in: "deployment.yaml",
        change: {
          "spec.template.spec.containers[0].args": ["combat", "--port=8082"],
          "spec.template.spec.containers[0].readinessProbe.httpGet.port": 8082,
        },
        fails: "Call it from inside its pod",
      },
    );
    sabotage(
      { en: "the probe calls /ping too", zh: "探针也访问 /ping" },
      {
        in: "deployment.yaml",
        change: { "spec.template.spec.containers[0].readinessProbe.httpGet.path": "/ping" },
        fails: "Read its log",
      },
    );
  },
);
