import { lab } from "../../harness/index.ts";

/** terminationGracePeriodSeconds of both manifests. */
const graceMs = 4_000;

lab(
  "termination-grace",
  {
    tutorial: "k8s-combat › graceful stop",
    shows: {
      en: "Kubernetes asks with SIGTERM, waits for the grace period, and then ends the process with SIGKILL.",
      zh: "Kubernetes 先用 SIGTERM 请求退出，等待宽限期，然后用 SIGKILL 结束进程。",
    },
    before: {
      en: "You will delete two pods, one that ignores SIGTERM and one that heeds it, and look at how each ended. The grace period is 4 s here, 30 s in the tutorial.",
      zh: "你将删除两个 Pod，一个忽略 SIGTERM，一个遵从它，并查看各自如何结束。这里宽限期是 4 秒，教程中是 30 秒。",
    },
    after: {
      en: "Exit code 137 is 128 + 9: killed by signal 9, SIGKILL, which no process can catch; what it was doing is lost. The grace period is a limit, not a delay: who exits sooner is gone sooner. It also counts the time of a preStop hook.",
      zh: "退出码 137 等于 128 + 9：被 9 号信号 SIGKILL 杀死，任何进程都无法捕获，正在做的事就丢了。宽限期是上限而不是延时：早退出就早消失。preStop 钩子的时间也计算在内。",
    },
  },
  ({ step, apply, ready, expect, kube, sabotage }) => {
    /**
     * Deletes the Deployment's pod; tells how its container ended and how long that took from the order on, by the
     * cluster's own clock, which counts whole seconds.
     */
    const deletePod = async (deployment: string) => {
      await using pods = await kube.recordPods(`deployment/${deployment}`);
      const [pod] = await kube.pods(`deployment/${deployment}`);
      const name = pod?.metadata?.name ?? "";
      await kube.delete(`pod/${name}`);
      const states = pods.changes.filter(({ object }) => object.metadata?.name === name);
      const told = states.find(({ object }) => object.metadata?.deletionTimestamp)?.object.metadata;
      const ended = states.find(
        ({ object }) => object.status?.containerStatuses?.[0]?.state?.terminated,
      );
      const terminated = ended?.object.status?.containerStatuses?.[0]?.state?.terminated;
      const dueMs = Date.parse(told?.deletionTimestamp ?? "");
      const orderedMs = dueMs - (told?.deletionGracePeriodSeconds ?? 0) * 1_000;
      const tookMs = Date.parse(terminated?.finishedAt ?? "") - orderedMs;
      return { exitCode: terminated?.exitCode, tookMs };
    };

    step(
      {
        title: { en: "Deploy both apps", zh: "部署两个应用" },
        why: {
          en: "The same image, the same grace period; a flag makes the first one ignore SIGTERM.",
          zh: "同样的镜像，同样的宽限期；一个参数让第一个忽略 SIGTERM。",
        },
      },
      async () => {
        await apply("stubborn.yaml", "well-behaved.yaml");
        await ready("deployment/stubborn", "deployment/well-behaved");
      },
    );

    step(
      {
        title: { en: "Delete the pod that ignores SIGTERM", zh: "删除忽略 SIGTERM 的 Pod" },
        why: {
          en: "kubectl delete pod sets the deadline; the kubelet sends SIGTERM at once and SIGKILL when the deadline has passed.",
          zh: "kubectl delete pod 设定期限；kubelet 立刻发送 SIGTERM，期限过后发送 SIGKILL。",
        },
        look: {
          en: "The pod is Terminating for four seconds, then its container ends with exit code 137.",
          zh: "Pod 处于 Terminating 四秒，然后容器以退出码 137 结束。",
        },
      },
      async () => {
        const { exitCode, tookMs } = await deletePod("stubborn");
        expect(exitCode, { en: "exit code of the container", zh: "容器的退出码" }).toBe(137);
        expect(tookMs, { en: "ms until it had ended", zh: "到结束为止的毫秒数" }).toBeBetween(
          graceMs - 1_000,
          graceMs + 1_000,
        );
      },
    );

    step(
      {
        title: { en: "Delete the pod that heeds it", zh: "删除遵从它的 Pod" },
        why: {
          en: "Nobody waits for the end of a grace period that is not needed.",
          zh: "不需要宽限期时，没有人会等它结束。",
        },
        look: {
          en: "Exit code 0, well within the four seconds.",
          zh: "退出码 0，远在四秒之内。",
        },
      },
      async () => {
        const { exitCode, tookMs } = await deletePod("well-behaved");
        expect(exitCode, { en: "exit code of the container", zh: "容器的退出码" }).toBe(0);
        expect(tookMs, { en: "ms until it had ended", zh: "到结束为止的毫秒数" }).toBeLessThan(
          graceMs - 1_000,
        );
      },
    );

    sabotage(
      { en: "the grace period is longer", zh: "宽限期更长" },
      {
        in: "stubborn.yaml",
        change: { "spec.template.spec.terminationGracePeriodSeconds": 8 },
        fails: "Delete the pod that ignores SIGTERM",
        because: "ms until it had ended",
      },
    );
    sabotage(
      { en: "the second app ignores SIGTERM too", zh: "第二个应用也忽略 SIGTERM" },
      {
        in: "well-behaved.yaml",
        change: {
          "spec.template.spec.containers[0].args": ["web", "--port=8081", "--ignore-term=true"],
        },
        fails: "Delete the pod that heeds it",
        because: "exit code",
      },
    );
  },
);
