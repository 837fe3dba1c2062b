import { lab } from "../../harness/index.ts";

lab(
  "configmap-env",
  {
    tutorial: "k8s-combat › config",
    shows: {
      en: "Settings from a ConfigMap as environment variables, and what it takes for a change to arrive.",
      zh: "用 ConfigMap 提供环境变量，以及修改怎样才能生效。",
    },
    before: {
      en: "You will give an app its database URL from outside, change it, and see when the app notices.",
      zh: "你将从外部给应用配置数据库地址，修改它，并观察应用何时察觉。",
    },
    after: {
      en: "Environment variables are copied into the container when it starts, and no process sees them change. A changed ConfigMap therefore does nothing by itself: rollout restart replaces the pods one by one, and the new ones read the new value.",
      zh: "环境变量在容器启动时复制进去，进程看不到之后的变化。所以仅修改 ConfigMap 不会有任何效果：rollout restart 逐个替换 Pod，新的 Pod 才会读到新值。",
    },
  },
  ({ step, apply, ready, from, expect, kube, sabotage }) => {
    const page = from("deployment/k8s-combat").get("http://127.0.0.1:8081/");
    const before = /-postgres:\/\/postgres:postgres@localhost:5432\/postgres\?sslmode=disable$/;
    const after = /-postgres:\/\/postgres:postgres@localhost:5433\/postgres\?sslmode=disable$/;

    step(
      {
        title: { en: "Write the settings into a ConfigMap", zh: "把配置写入 ConfigMap" },
        why: {
          en: "The image stays the same everywhere; what differs between places is kept beside it.",
          zh: "镜像在各处都一样；不同环境的差异放在镜像之外。",
        },
        look: {
          en: "kubectl describe configmap shows PG_URL in plain text: nothing here is secret.",
          zh: "kubectl describe configmap 以明文显示 PG_URL：这里没有任何秘密。",
        },
      },
      async () => {
        await apply("configmap.yaml");
      },
    );

    step(
      {
        title: { en: "Start the app with them", zh: "带着配置启动应用" },
        why: {
          en: "envFrom turns every key of the ConfigMap into a variable of that name.",
          zh: "envFrom 把 ConfigMap 的每个键变成同名的环境变量。",
        },
        look: {
          en: "/ answers the pod's name and the URL. Without the ConfigMap the container would not start: CreateContainerConfigError.",
          zh: "/ 回答 Pod 名与该地址。如果没有这个 ConfigMap，容器不会启动：CreateContainerConfigError。",
        },
      },
      async () => {
        await apply("deployment.yaml");
        await ready("deployment/k8s-combat");
        await expect(page).toAnswer({ status: 200, body: before });
      },
    );

    step(
      {
        title: { en: "Change the ConfigMap", zh: "修改 ConfigMap" },
        why: {
          en: "The port of the database becomes 5433. Only the ConfigMap changes, no pod does.",
          zh: "数据库端口改为 5433。只改 ConfigMap，不动 Pod。",
        },
        look: {
          en: "The API has the new URL, the app still the old one.",
          zh: "API 中已是新地址，应用中仍是旧地址。",
        },
      },
      async () => {
        await apply("configmap-changed.yaml");
        const { data } = await kube.get("configmap/k8s-combat-configmap");
        expect(data?.["PG_URL"], {
          en: "PG_URL in the ConfigMap",
          zh: "ConfigMap 中的 PG_URL",
        }).toContain("localhost:5433");
        await expect(page).toAnswer({ status: 200, body: before });
      },
    );

    step(
      {
        title: { en: "Restart the rollout", zh: "重启发布" },
        why: {
          en: "kubectl rollout restart changes nothing but an annotation of the pod template; that is enough for new pods.",
          zh: "kubectl rollout restart 只修改 Pod 模板的一个注解；这就足以产生新的 Pod。",
        },
        look: {
          en: "A new pod name, and the new URL.",
          zh: "新的 Pod 名，新的地址。",
        },
      },
      async () => {
        await kube.restart("deployment/k8s-combat");
        await ready("deployment/k8s-combat");
        await expect(page).toAnswer({ status: 200, body: after });
      },
    );

    sabotage(
      { en: "envFrom names another ConfigMap", zh: "envFrom 指向另一个 ConfigMap" },
      {
        in: "deployment.yaml",
        change: {
          "spec.template.spec.containers[0].envFrom[0].configMapRef.name": "k8s-combat-config",
        },
        fails: "Start the app with them",
        because: "CreateContainerConfigError",
      },
    );
    sabotage(
      { en: "the key has another name", zh: "键名不同" },
      {
        in: "configmap.yaml",
        change: { data: { PG_URI: "postgres://postgres:postgres@localhost:5432/postgres" } },
        fails: "Start the app with them",
        check: "toAnswer",
      },
    );
    sabotage(
      { en: "the change goes to another ConfigMap", zh: "修改写到了另一个 ConfigMap" },
      {
        in: "configmap-changed.yaml",
        change: { "metadata.name": "k8s-combat-config" },
        fails: "Change the ConfigMap",
      },
    );
    sabotage(
      { en: "the value is fixed in the Deployment", zh: "变量写死在 Deployment 中" },
      {
        in: "deployment.yaml",
        add: {
          "spec.template.spec.containers[0].env": [
            {
              name: "PG_URL",
              value: "postgres://postgres:postgres@localhost:5432/postgres?sslmode=disable",
            },
          ],
        },
        fails: "Restart the rollout",
        check: "toAnswer",
      },
    );
  },
);
