import { lab } from "../../harness/index.ts";

lab(
  "graceful-shutdown",
  {
    tutorial: "k8s-combat › graceful stop",
    shows: {
      en: "Requests that a pod is working on when it is stopped are finished, if the app waits for them.",
      zh: "Pod 停止时正在处理的请求会被处理完，前提是应用愿意等待。",
    },
    before: {
      en: "You will stop a pod that is busy with requests of 3 s each: once of an app that finishes its work after SIGTERM, once of one that ends at once. preStop waits 2 s, 10 s in the tutorial.",
      zh: "你将停止一个正忙于处理请求（每个 3 秒）的 Pod：一次是收到 SIGTERM 后会做完手头工作的应用，一次是立刻退出的应用。preStop 等待 2 秒，教程中是 10 秒。",
    },
    after: {
      en: "SIGTERM is a request, not an end. An app that catches it stops accepting, finishes what is in flight and exits by itself has the whole terminationGracePeriodSeconds for it. The tutorial's Go handler catches the signal and calls os.Exit(0): that is the second app of this lab; http.Server.Shutdown is what makes it the first.",
      zh: "SIGTERM 是请求，而不是终结。捕获它、停止接收、处理完在途请求再自行退出的应用，可以用满整个 terminationGracePeriodSeconds。教程里的 Go 处理函数捕获信号后直接 os.Exit(0)：那就是本实验的第二个应用；用 http.Server.Shutdown 才会成为第一个。",
    },
  },
  ({ step, apply, ready, from, load, expect, kube, sabotage }) => {
    const caller = from("deployment/k8s-combat");
    const pageOf = (service: string) =>
      caller.get(`http://${service}:8081/`, {
        connections: "new",
        timeoutMs: 10_000,
      });
    /** 25 requests a second of 3 s each: about 37 are in flight in each of the two pods. */
    const busy = (service: string) =>
      load(pageOf(service), { perSecond: 25, beforeMs: 1_000, afterMs: 250 }).during(async () => {
        const [pod] = await kube.pods(`deployment/${service}`);
        await kube.delete(`pod/${pod?.metadata?.name}`);
        await ready(`deployment/${service}`);
      });

    step(
      {
        title: { en: "Deploy both apps", zh: "部署两个应用" },
        why: {
          en: "They differ in one flag: whether SIGTERM lets requests in flight finish. preStop keeps new requests away from the pod that stops, so that only those in flight are at stake.",
          zh: "它们只差一个参数：收到 SIGTERM 时是否让在途请求完成。preStop 使新请求不再到达正在停止的 Pod，因此只有在途请求受影响。",
        },
      },
      async () => {
        await apply("caller.yaml", "graceful.yaml", "abrupt.yaml");
        await ready("deployment/k8s-combat", "deployment/graceful", "deployment/abrupt");
        for (const service of ["graceful", "abrupt"])
          await expect(caller.get(`http://${service}:8081/ping`)).toAnswer({ status: 200 });
      },
    );

    step(
      {
        title: { en: "Stop a busy pod that waits", zh: "停止一个会等待的忙碌 Pod" },
        why: {
          en: "The app stops listening, answers every request it has, and exits with 0, long before the 30 s are over.",
          zh: "应用停止监听，回答手头的每个请求，然后以 0 退出，远早于 30 秒期限。",
        },
        look: {
          en: "Every request gets its 200, those that were in flight included.",
          zh: "每个请求都得到 200，包括在途的那些。",
        },
      },
      async () => {
        await expect(busy("graceful")).toLoseNothing();
      },
    );

    step(
      {
        title: { en: "Stop a busy pod that does not", zh: "停止一个不等待的忙碌 Pod" },
        why: {
          en: "The same load, the same preStop; this app ends on SIGTERM and takes its connections along.",
          zh: "同样的流量与 preStop；这个应用一收到 SIGTERM 就退出，连接也随之断开。",
        },
        look: {
          en: "The requests in flight end in a connection reset.",
          zh: "在途请求以连接重置告终。",
        },
      },
      async () => {
        await expect(busy("abrupt")).toLoseSome({ as: ["reset"] });
      },
    );

    sabotage(
      { en: "the handler is off", zh: "关闭处理函数" },
      {
        in: "graceful.yaml",
        object: "Deployment/graceful",
        change: {
          "spec.template.spec.containers[0].args": [
            "web",
            "--port=8081",
            "--slow-ms=3000",
            "--graceful=false",
          ],
        },
        fails: "Stop a busy pod that waits",
        check: "toLoseNothing",
      },
    );
    sabotage(
      { en: "the second app waits too", zh: "第二个应用也等待" },
      {
        in: "abrupt.yaml",
        object: "Deployment/abrupt",
        change: {
          "spec.template.spec.containers[0].args": ["web", "--port=8081", "--slow-ms=3000"],
        },
        fails: "Stop a busy pod that does not",
        check: "toLoseSome",
      },
    );
  },
);
