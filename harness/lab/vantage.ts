import type { Pod } from "kubernetes-types/core/v1";
import { LabError } from "../errors/lab-error.ts";
import { parseTarget } from "../kube/target.ts";
import { outsideVantage, podVantage, type Vantage } from "../traffic/vantage.ts";
import { outside, type RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";

/** The image that holds the client which sends requests from inside. */
const clientImage = /(^|\/)kubelab\/apps(:|@|$)/;

/** The place that a description's requests are sent from. */
export async function openVantage(
  context: RunContext,
  { from, container }: RequestDescription,
): Promise<Vantage> {
  if (from === outside) return outsideVantage();
  const name = from;
  const { space } = parseTarget(name);
  const pod = await chooseRunningPod(context, name);
  const place = {
    pod: pod.metadata?.name ?? "",
    container: container ?? clientContainer(name, pod),
  };
  return podVantage({
    name,
    clock: context.clock,
    exec: async (command, stdin, signal) => {
      const running = await context.kube.startExec({
        ...place,
        command,
        stdin,
        signal: AbortSignal.any([signal, context.signal]),
        ...(space === undefined ? {} : { space }),
      });
      return { stdout: running.stdout, stderr: running.stderr, exit: running.exitCode };
    },
  });
}

async function chooseRunningPod(context: RunContext, name: string): Promise<Pod> {
  const pods = await context.kube.pods(name);
  const usable = pods.filter(
    (pod) => pod.status?.phase === "Running" && pod.metadata?.deletionTimestamp === undefined,
  );
  const [first] = usable;
  if (first) return first;
  throw new LabError("LAB_VANTAGE_UNUSABLE", `${name} has no running pod to send from`, {
    facts: { expected: "a running pod", received: pods.map((pod) => pod.status?.phase) },
  });
}

function clientContainer(name: string, pod: Pod): string {
  const containers = pod.spec?.containers ?? [];
  const found = containers.find((container) => clientImage.test(container.image ?? ""));
  if (found) return found.name;
  throw new LabError(
    "LAB_VANTAGE_UNUSABLE",
    `${name} cannot send requests: no container of it runs kubelab/apps`,
    {
      facts: { expected: "an image kubelab/apps", received: containers.map(({ image }) => image) },
    },
  );
}
