import { lab } from "../../harness/index.ts";

const ids = Array.from({ length: 20 }, (_, index) => `order-${index + 1}`);

lab(
  "logs",
  {
    tutorial: "k8s-combat › logs",
    shows: {
      en: "What an app writes to its standard output is its log, pod by pod, and outlives a crash by one restart.",
      zh: "应用写到标准输出的内容就是它的日志，按 Pod 分开；崩溃之后还能保留一次重启。",
    },
    before: {
      en: "You will send requests with ids of your own, find each in the logs of the app's pods, and read the last words of a container that crashed.",
      zh: "你将发送带自定义编号的请求，在应用各 Pod 的日志中找到每一个，并读到崩溃容器的遗言。",
    },
    after: {
      en: "The kubelet keeps what each container writes to stdout and stderr in files on its node; kubectl logs reads them from there, and log collectors do the same. An app that writes files inside its container is invisible to both, and its files are gone with the container.",
      zh: "kubelet 把每个容器写到 stdout 与 stderr 的内容保存在节点的文件里；kubectl logs 从那里读取，日志采集器也一样。把日志写进容器内文件的应用，两者都看不到，而且文件随容器一起消失。",
    },
  },
  ({ step, apply, ready, from, ask, expect, eventually, kube, sabotage }) => {
    const service = "deployment/k8s-combat-service";
    const url = "http://k8s-combat-service:8081/";
    /** Which pod answered each id. */
    const answeredBy = new Map<string, string>();

    /** The ids in a log, in its order. */
    const idsIn = (log: string) =>
      [...log.matchAll(/request-id=(order-\d+)$/gm)].map(([, id]) => id ?? "");

    step(
      {
        title: { en: "Deploy two pods", zh: "部署两个 Pod" },
        why: {
          en: "With more than one pod, the log of one of them is only a part of the story.",
          zh: "Pod 不止一个时，单个 Pod 的日志只是一部分。",
        },
      },
      async () => {
        await apply("caller.yaml", "service.yaml");
        await ready("deployment/k8s-combat", service);
        await expect(from("deployment/k8s-combat").get(url)).toBalance();
      },
    );

    step(
      {
        title: { en: "Find every request in the logs", zh: "在日志中找到每个请求" },
        why: {
          en: "Each request carries an id in x-request-id, which the app writes into its one line for the request. kubectl logs -l app=k8s-combat-service --prefix shows the lines of all pods.",
          zh: "每个请求在 x-request-id 中带有编号，应用把它写进该请求的那一行。kubectl logs -l app=k8s-combat-service --prefix 显示所有 Pod 的日志行。",
        },
        look: {
          en: "Each of the 20 ids is there exactly once, in the log of the pod that answered it.",
          zh: "20 个编号各出现一次，都在回答它的那个 Pod 的日志里。",
        },
      },
      async () => {
        for (const id of ids) {
          const { headers } = await ask(
            from("deployment/k8s-combat").get(url, { headers: { "x-request-id": id } }),
          );
          const [, , pod = ""] = (headers["x-kubelab-responder"] ?? "").split("/");
          answeredBy.set(id, pod);
        }
        await eventually(
          async () => {
            const found: [string, string][] = [];
            for (const { metadata } of await kube.pods(service)) {
              const log = await kube.logs(`pod/${metadata?.name}`);
              found.push(...idsIn(log).map((id): [string, string] => [id, metadata?.name ?? ""]));
            }
            const byId = (a: [string, string], b: [string, string]) => a[0].localeCompare(b[0]);
            expect(found.toSorted(byId), {
              en: "ids in the logs, with their pods",
              zh: "日志中的 id 及其所在的 Pod",
            }).toEqual([...answeredBy].toSorted(byId));
          },
          { what: "every id is in the log of its pod", timeoutMs: 10_000 },
        );
      },
    );

    step(
      {
        title: { en: "Read the log of a crash", zh: "读取崩溃时的日志" },
        why: {
          en: "After a crash the container is started anew with an empty log. --previous shows what the one before it wrote.",
          zh: "崩溃后容器重新启动，日志从空开始。--previous 显示前一个容器写下的内容。",
        },
        look: {
          en: "The previous log holds the pod's requests and ends with the app's last words; the current one has neither.",
          zh: "先前的日志含有该 Pod 的请求，并以应用的遗言结尾；当前的日志两者都没有。",
        },
      },
      async () => {
        const [pod] = await kube.pods(service);
        const name = pod?.metadata?.name ?? "";
        // Asked from another pod: whoever asks from inside ends with the container.
        const address = pod?.status?.podIP;
        await ask(from("deployment/k8s-combat").post(`http://${address}:8081/exit?code=3`));
        await eventually(
          async () => {
            const status = (await kube.get(`pod/${name}`)).status?.containerStatuses?.[0];
            expect(status?.restartCount, { en: "restarts", zh: "重启次数" }).toBe(1);
            expect(status?.lastState?.terminated?.exitCode, { en: "exit code", zh: "退出码" }).toBe(
              3,
            );
          },
          { what: "the container is started anew", timeoutMs: 20_000 },
        );
        const previous = await kube.logs(`pod/${name}`, { previous: true });
        expect(previous.trimEnd().split("\n").at(-1), { en: "last line", zh: "最后一行" }).toBe(
          "exit with code 3",
        );
        const sentToThisPod = ids.filter((id) => answeredBy.get(id) === name);
        expect(idsIn(previous), {
          en: "ids in the previous log",
          zh: "上一个容器日志中的 id",
        }).toEqual(sentToThisPod);
        expect(idsIn(await kube.logs(`pod/${name}`)), {
          en: "ids in the current log",
          zh: "当前日志中的 id",
        }).toEqual([]);
      },
    );

    sabotage(
      { en: "the app logs to a file", zh: "应用把日志写进文件" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: {
          "spec.template.spec.containers[0].args": [
            "web",
            "--port=8081",
            "--log-file=/tmp/web.log",
          ],
        },
        fails: "Find every request in the logs",
        because: "every id is in the log of its pod",
      },
    );
    sabotage(
      { en: "the app's lines do not name the request", zh: "日志行里没有请求编号" },
      {
        in: "service.yaml",
        object: "Deployment/k8s-combat-service",
        change: { "spec.template.spec.containers[0].args": ["combat"] },
        fails: "Find every request in the logs",
      },
    );
  },
);
