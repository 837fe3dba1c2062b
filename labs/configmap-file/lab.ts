import { lab } from "../../harness/index.ts";

lab(
  "configmap-file",
  {
    tutorial: "k8s-combat › config",
    vars: { patienceMs: 110_000 },
    shows: {
      en: "A ConfigMap as a file: mounted alone by subPath, and as a folder that follows changes.",
      zh: "把 ConfigMap 作为文件：用 subPath 单独挂载，以及挂载为会跟随修改的目录。",
    },
    before: {
      en: "You will put one configuration file into a container in two ways, change it, and see which of the two keeps up.",
      zh: "你将用两种方式把同一个配置文件放进容器，修改它，并观察哪一种会更新。",
    },
    after: {
      en: "A mounted folder is a link that the kubelet turns to the new content: when it next looks after the pod, which it does once a minute, or at once when the pod is touched. A subPath mount is bound to the old file itself, and a variable is a copy: both stay until the container is replaced. An app that reloads its file needs the folder.",
      zh: "挂载的目录其实是一个链接，kubelet 会把它转向新内容：每分钟照看一次 Pod 时，或 Pod 被改动时立即进行。subPath 挂载绑定的是旧文件本身，环境变量则是副本：两者都要等容器被替换。需要重新加载文件的应用，应挂载目录。",
    },
  },
  ({ step, apply, ready, expect, eventually, kube, vars, sabotage }) => {
    const app = "deployment/k8s-combat";
    const oneFile = "/go/bin/app.yaml";
    const inFolder = "/etc/k8s-combat/app.yaml";
    const read = async (file: string) => (await kube.exec(app, ["cat", file])).stdout;
    const variable = async () => (await kube.exec(app, ["printenv", "PG_URL"])).stdout;
    const content = (token: string) =>
      `name: k8s-combat\npulsar:\n  url: "pulsar://localhost:6650"\n  token: "${token}"\n`;

    step(
      {
        title: { en: "Put a file into the ConfigMap", zh: "把文件放入 ConfigMap" },
        why: {
          en: "A value may have many lines: the key APP holds a whole YAML file.",
          zh: "值可以有很多行：键 APP 保存了一整个 YAML 文件。",
        },
        look: {
          en: "kubectl get configmap shows two keys: APP and PG_URL.",
          zh: "kubectl get configmap 显示两个键：APP 和 PG_URL。",
        },
      },
      async () => {
        await apply("configmap.yaml");
      },
    );

    step(
      {
        title: { en: "Mount it in two ways", zh: "用两种方式挂载" },
        why: {
          en: "The volume makes app.yaml of the key APP. subPath puts that one file among others in /go/bin; without it the folder /etc/k8s-combat is the volume.",
          zh: "卷把键 APP 变成 app.yaml。subPath 把这一个文件放进已有内容的 /go/bin；不用 subPath 时，目录 /etc/k8s-combat 就是整个卷。",
        },
        look: {
          en: "The same text in both places. A key that is not there would keep the pod in ContainerCreating, with a FailedMount event.",
          zh: "两处的内容相同。如果键不存在，Pod 会停在 ContainerCreating，并有 FailedMount 事件。",
        },
      },
      async () => {
        await apply("deployment.yaml");
        await ready(app, { timeoutMs: 20_000 });
        expect(await read(oneFile), oneFile).toBe(content("abc"));
        expect(await read(inFolder), inFolder).toBe(content("abc"));
      },
    );

    step(
      {
        title: { en: "Change the ConfigMap", zh: "修改 ConfigMap" },
        why: {
          en: "The kubelet would see to its pods' volumes within a minute. An annotation on the pod makes it look now; it swaps the whole folder at once, so that no reader sees half a file.",
          zh: "kubelet 会在一分钟内照看 Pod 的卷。给 Pod 加一个注解会让它立即查看；它一次性切换整个目录，因此读者不会看到写了一半的文件。",
        },
        look: {
          en: "The file in the folder gets the new token. No container was restarted.",
          zh: "目录中的文件变为新的 token。没有容器被重启。",
        },
      },
      async () => {
        await apply("configmap-changed.yaml");
        const [pod] = await kube.pods(app);
        await kube.patch(`pod/${pod?.metadata?.name}`, {
          metadata: { annotations: { "k8s-combat/look-again": "now" } },
        });
        await eventually(async () => expect(await read(inFolder), inFolder).toBe(content("def")), {
          what: `the new content of ${inFolder}`,
          timeoutMs: vars.patienceMs,
        });
      },
    );

    step(
      {
        title: { en: "Look at what has not changed", zh: "查看没有改变的部分" },
        why: {
          en: "The folder has shown that the change has arrived on the node. What is still old now stays old.",
          zh: "目录已证明修改到达了节点。此刻仍是旧值的，就会一直是旧值。",
        },
        look: {
          en: "The file mounted by subPath and the variable PG_URL.",
          zh: "用 subPath 挂载的文件，以及变量 PG_URL。",
        },
      },
      async () => {
        expect(await read(oneFile), oneFile).toBe(content("abc"));
        expect(await variable(), "PG_URL").toContain("localhost:5432");
      },
    );

    step(
      {
        title: { en: "Restart the rollout", zh: "重启发布" },
        why: {
          en: "A new container gets its mounts and its variables anew.",
          zh: "新容器会重新得到挂载和变量。",
        },
        look: { en: "All three are new.", zh: "三处都是新值。" },
      },
      async () => {
        await kube.restart(app);
        await ready(app);
        expect(await read(oneFile), oneFile).toBe(content("def"));
        expect(await read(inFolder), inFolder).toBe(content("def"));
        expect(await variable(), "PG_URL").toContain("localhost:5433");
      },
    );

    sabotage(
      { en: "the key is missing", zh: "缺少该键" },
      {
        in: "configmap.yaml",
        remove: "data.APP",
        fails: "Mount it in two ways",
        because: "configmap references non-existent config key: APP",
      },
    );
    sabotage(
      { en: "subPath names a file that the volume has not", zh: "subPath 指向卷中没有的文件" },
      {
        in: "deployment.yaml",
        change: { "spec.template.spec.containers[0].volumeMounts[0].subPath": "app.yml" },
        fails: "Mount it in two ways",
        because: "/go/bin/app.yaml",
      },
    );
    sabotage(
      { en: "the folder is mounted by subPath too", zh: "目录也用 subPath 挂载" },
      {
        in: "deployment.yaml",
        change: { "spec.template.spec.containers[0].volumeMounts[1].mountPath": inFolder },
        add: { "spec.template.spec.containers[0].volumeMounts[1].subPath": "app.yaml" },
        set: { patienceMs: 5_000 },
        fails: "Change the ConfigMap",
      },
    );
    sabotage(
      { en: "the other one is a folder too", zh: "另一处也挂载为目录" },
      {
        in: "deployment.yaml",
        change: { "spec.template.spec.containers[0].volumeMounts[0].mountPath": "/go/bin" },
        remove: "spec.template.spec.containers[0].volumeMounts[0].subPath",
        fails: "Look at what has not changed",
      },
    );
  },
);
