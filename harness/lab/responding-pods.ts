import type { Pod } from "kubernetes-types/core/v1";
import type { AttributionOptions } from "../verdicts/attribution.ts";
import type { RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";

/** The Service that the URL names, as a target. */
export function serviceOf({ url, through }: RequestDescription): string {
  const host = through ?? new URL(url.replace(/^(grpc|tcp):/, "http:")).hostname;
  return `service/${host.split(".")[0]}`;
}

/** The names of a workload's or Service's ready pods. */
export async function readyPods(context: RunContext, target: string): Promise<readonly string[]> {
  const pods = await context.kube.pods(target);
  return pods.filter(isReady).map((pod) => pod.metadata?.name ?? "");
}

/** How many pods stand behind each version: lets a failing split tell that no rule is in force. */
export async function podsByVersion(
  context: RunContext,
  description: RequestDescription,
  targets: readonly string[],
  { by = "version", of = "responder" }: AttributionOptions,
): Promise<{ pods?: Record<string, number> }> {
  if (by !== "version" || of !== "responder") return {};
  const service = serviceOf(description);
  const found = await context.kube.find(service);
  if (found?.spec?.["selector"] === undefined) return {};
  const pods: Record<string, number> = {};
  for (const pod of (await context.kube.pods(service)).filter(isReady)) {
    const version = versionOf(pod);
    if (version !== undefined) pods[version] = (pods[version] ?? 0) + 1;
  }
  // Where the Service does not reach every target, that and no missing rule is what is wrong.
  return targets.every((target) => pods[target] !== undefined) ? { pods } : {};
}

/** The version that a pod's app says: its image's tag, without the digest that a side-loaded image has behind it. */
export function versionOf(pod: Pod): string | undefined {
  const image = pod.spec?.containers.find((container) =>
    container.image?.includes("kubelab/apps"),
  )?.image;
  return image?.split(":").at(-1)?.split("-")[0];
}

function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.some(
    (entry) => entry.type === "Ready" && entry.status === "True",
  );
  return ready === true && pod.metadata?.deletionTimestamp === undefined;
}
