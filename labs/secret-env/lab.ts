import { lab } from "../../harness/index.ts";

lab(
  "secret-env",
  {
    tutorial: "k8s-combat › Secret",
    shows: {
      en: "A password from a Secret as an environment variable, and where it can and cannot be read.",
      zh: "用 Secret 以环境变量提供密码，以及它在哪里能读到、在哪里读不到。",
    },
    before: {
      en: "You will hand an app a password that is in no image and no Deployment, and then look for it everywhere.",
      zh: "你将把一个既不在镜像也不在 Deployment 中的密码交给应用，然后到处寻找它。",
    },
    after: {
      en: "A Secret is kept apart from what everybody reads: describe shows its size, logs and events do not hold it. Base64 is only a way to write any bytes in YAML; whoever may get the Secret, or exec into the pod, has the password. Who may do that is decided by RBAC.",
      zh: "Secret 与人人可读的内容分开保存：describe 只显示大小，日志和事件里都没有它。base64 只是在 YAML 中书写任意字节的方式；能读取该 Secret 或能 exec 进 Pod 的人就有了密码。谁可以这样做，由 RBAC 决定。",
    },
  },
  ({ step, apply, ready, from, expect, kube, sabotage }) => {
    const app = "deployment/k8s-combat";
    const password = /\babc\b|YWJj/;

    step(
      {
        title: { en: "Create the Secret", zh: "创建 Secret" },
        why: {
          en: "Values under data are base64, as the program of that name prints it. What is not base64 is refused before anything is stored.",
          zh: "data 下的值是 base64，即同名命令的输出。不是 base64 的内容会在保存前被拒绝。",
        },
        look: {
          en: "kubectl get secret shows its type, Opaque, and that it has one key.",
          zh: "kubectl get secret 显示类型 Opaque，以及它有一个键。",
        },
      },
      async () => {
        await apply("secret.yaml");
        const secret = await kube.get("secret/k8s-combat-secret");
        expect(secret.type, { en: "its type", zh: "它的类型" }).toBe("Opaque");
        expect(Object.keys(secret.data ?? {}), { en: "its keys", zh: "它的键" }).toEqual(["PWD"]);
      },
    );

    step(
      {
        title: { en: "Give it to the app", zh: "交给应用" },
        why: {
          en: "secretKeyRef takes one key of the Secret for one variable. The Deployment holds the names only.",
          zh: "secretKeyRef 用 Secret 的一个键设置一个变量。Deployment 中只有名字。",
        },
        look: {
          en: "In the container PG_PWD is the decoded value.",
          zh: "在容器中，PG_PWD 是解码后的值。",
        },
      },
      async () => {
        await apply("deployment.yaml");
        await ready(app);
        const { stdout } = await kube.exec(app, ["printenv", "PG_PWD"]);
        // The value ends with the line break that echo wrote, and printenv adds its own.
        expect(stdout, { en: "PG_PWD in the container", zh: "容器中的 PG_PWD" }).toBe("abc\n\n");
      },
    );

    step(
      {
        title: { en: "Describe the Secret", zh: "describe 这个 Secret" },
        why: {
          en: "describe is for eyes and screenshots, so kubectl leaves the values out.",
          zh: "describe 的输出会被人看到、被截图，所以 kubectl 不显示值。",
        },
        look: { en: "PWD: 4 bytes", zh: "PWD: 4 bytes" },
      },
      async () => {
        const text = await kube.describe("secret/k8s-combat-secret");
        if (text === undefined) return;
        expect(text, { en: "what kubectl describe prints", zh: "kubectl describe 的输出" }).toMatch(
          /^PWD: +4 bytes$/m,
        );
        expect(text, {
          en: "what kubectl describe prints",
          zh: "kubectl describe 的输出",
        }).not.toMatch(password);
      },
    );

    step(
      {
        title: { en: "Look for the value elsewhere", zh: "在别处寻找这个值" },
        why: {
          en: "What many people may read must not carry it: the app's log, the namespace's events, the Deployment and its pods.",
          zh: "许多人能读到的地方不应带有它：应用日志、命名空间的事件、Deployment 及其 Pod。",
        },
        look: { en: "It is in none of them.", zh: "这些地方都没有。" },
      },
      async () => {
        await expect(from(app).get("http://127.0.0.1:8081/")).toAnswer({
          status: 200,
          body: /^k8s-combat-[a-z0-9-]+$/,
        });
        expect(await kube.logs(app), { en: "the app's log", zh: "应用的日志" }).not.toMatch(
          password,
        );
        const open = [await kube.events(), await kube.get(app), await kube.pods(app)];
        expect(JSON.stringify(open), {
          en: "events, Deployment and pods",
          zh: "事件、Deployment 和 Pod",
        }).not.toMatch(password);
      },
    );

    sabotage(
      { en: "the value is not base64", zh: "值不是 base64" },
      {
        in: "secret.yaml",
        change: { "data.PWD": "abc" },
        fails: "Create the Secret",
        because: "illegal base64 data at input byte",
      },
    );
    sabotage(
      { en: "the value is encoded twice", zh: "值被编码了两次" },
      {
        in: "secret.yaml",
        change: { "data.PWD": "WVdKakNnPT0=" },
        fails: "Give it to the app",
      },
    );
    sabotage(
      { en: "the Deployment names a key that is not there", zh: "Deployment 指向不存在的键" },
      {
        in: "deployment.yaml",
        change: {
          "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key": "PASSWORD",
        },
        fails: "Give it to the app",
        because: "CreateContainerConfigError",
      },
    );
    sabotage(
      { en: "the password stands in the Deployment", zh: "密码写在了 Deployment 中" },
      {
        in: "deployment.yaml",
        change: { "spec.template.spec.containers[0].env[0]": { name: "PG_PWD", value: "abc\n" } },
        fails: "Look for the value elsewhere",
      },
    );
  },
);
