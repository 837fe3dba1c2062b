import { lab, type RequestDescription } from "../../harness/index.ts";

lab(
  "compose-parity",
  {
    tutorial: "k8s-app-monitor › test",
    requires: ["docker"],
    shows: {
      en: "The same image by docker compose and by Kubernetes gives the same answers.",
      zh: "同一个镜像，用 docker compose 运行和用 Kubernetes 运行，回答相同。",
    },
    before: {
      en: "You will try two services on your own machine first, publish them to the cluster next, and compare what both say.",
      zh: "你将先在自己的机器上试运行两个服务，再发布到集群，然后比较两边的回答。",
    },
    after: {
      en: "Compose and Kubernetes both give a service a name that the others resolve, so the agent needs nothing but SERVICE_NAME. What differs is around it: compose runs containers on one machine, Kubernetes keeps a number of pods running on any.",
      zh: "compose 和 Kubernetes 都会给服务一个其他服务能解析的名字，所以 agent 只需要 SERVICE_NAME。不同的是外围：compose 在一台机器上运行容器，Kubernetes 在任意机器上保持指定数量的 Pod。",
    },
  },
  ({ step, apply, ready, from, outside, expect, ask, compose, sabotage }) => {
    let agent = { host: "", port: 0 };
    const byCompose = (path: string) =>
      from(outside).get(`http://k8s-app-monitor-agent:8888${path}`, { at: agent });
    const byKubernetes = (path: string) =>
      from(outside).get(`http://k8s-app-monitor-agent:8888${path}`);

    /** What is answered to the same requests: the chart twice, for it changes, and two other pages. */
    const answersOf = async (open: (path: string) => RequestDescription) => {
      const answers = [];
      for (const path of ["/k8s-app-monitor-agent", "/k8s-app-monitor-agent", "/healthz", "/"]) {
        const { status, headers, body } = await ask(open(path));
        answers.push({ path, status, type: headers["content-type"], body });
      }
      return answers;
    };

    step(
      {
        title: { en: "Run both with docker compose", zh: "用 docker compose 运行两者" },
        why: {
          en: "Before anything is published, a developer tries it where it is quick to change.",
          zh: "在发布之前，开发者先在容易修改的地方试运行。",
        },
        look: {
          en: "Two containers. By hand the chart is at http://localhost:8888/k8s-app-monitor-agent; the lab takes free ports, so that it meets nobody.",
          zh: "两个容器。手动运行时图表在 http://localhost:8888/k8s-app-monitor-agent；实验使用空闲端口，以免冲突。",
        },
      },
      async () => {
        const stack = await compose("compose.yaml", { AGENT_PORT: "0", TEST_PORT: "0" });
        agent = await stack.at("k8s-app-monitor-agent", 8888);
        const test = await stack.at("k8s-app-monitor-test", 3000);
        await expect(
          from(outside).get("http://k8s-app-monitor-test:3000/healthz", { at: test }),
        ).toAnswer({ status: 200, app: "monitor-test" });
        await expect(byCompose("/healthz")).toAnswer({ status: 200, app: "monitor-agent" });
      },
    );

    step(
      {
        title: { en: "Run both on Kubernetes", zh: "在 Kubernetes 上运行两者" },
        why: {
          en: "A compose service becomes a Deployment and a Service of the same name. A published port becomes a NodePort.",
          zh: "compose 的一个 service 变成同名的 Deployment 和 Service；发布的端口变成 NodePort。",
        },
        look: {
          en: "The agent reaches k8s-app-monitor-test by the same name as before.",
          zh: "agent 用与之前相同的名字访问 k8s-app-monitor-test。",
        },
      },
      async () => {
        await apply("test.yaml", "agent.yaml");
        await ready("deployment/k8s-app-monitor-test", "deployment/k8s-app-monitor-agent");
        await expect(
          from("deployment/k8s-app-monitor-agent").get("http://k8s-app-monitor-test:3000/healthz"),
        ).toAnswer({ status: 200, app: "monitor-test" });
        await expect(byKubernetes("/healthz")).toAnswer({ status: 200, app: "monitor-agent" });
      },
    );

    step(
      {
        title: { en: "Compare the answers", zh: "比较回答" },
        why: {
          en: "Both were just started, so both measure the same samples in the same order.",
          zh: "两边都刚启动，所以按相同顺序得到相同的采样。",
        },
        look: {
          en: "Status, type and every byte of four pages are equal, among them two charts.",
          zh: "四个页面的状态、类型和每个字节都相同，其中有两张图表。",
        },
      },
      async () => {
        const wanted = await answersOf(byCompose);
        expect(
          wanted.map(({ status }) => status),
          { en: "statuses by docker compose", zh: "docker compose 下的状态码" },
        ).toEqual([200, 200, 200, 404]);
        expect(await answersOf(byKubernetes), {
          en: "the answers on Kubernetes",
          zh: "Kubernetes 上的回答",
        }).toEqual(wanted);
      },
    );

    sabotage(
      { en: "the Service has another name on Kubernetes", zh: "Kubernetes 上的 Service 名字不同" },
      {
        in: "test.yaml",
        object: "Service/k8s-app-monitor-test",
        change: { "metadata.name": "monitor-test" },
        fails: "Run both on Kubernetes",
        check: "toAnswer",
      },
    );
    sabotage(
      { en: "the agent asks another service name", zh: "agent 询问的服务名不同" },
      {
        in: "agent.yaml",
        object: "Deployment/k8s-app-monitor-agent",
        change: { "spec.template.spec.containers[0].env[0].value": "monitor-test" },
        fails: "Compare the answers",
      },
    );
  },
);
