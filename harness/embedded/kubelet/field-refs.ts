import { availableParallelism, totalmem } from "node:os";
import type { Container, Pod, ResourceFieldSelector } from "kubernetes-types/core/v1";
import { parseQuantity } from "../quantity.ts";

/** What a pod can be told of itself. */
export interface PodFacts {
  readonly pod: Pod;
  readonly podIP: string;
  readonly hostIP: string;
  readonly nodeName: string;
}

/** The value of a `fieldRef`. */
export function fieldValue(path: string, { pod, podIP, hostIP, nodeName }: PodFacts): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(annotations|labels)\['([^']+)'\]$/.exec(path);
  if (keyed) return metadata?.[keyed[1] as "annotations" | "labels"]?.[keyed[2] ?? ""] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata?.name ?? "";
    case "metadata.namespace":
      return metadata?.namespace ?? "";
    case "metadata.uid":
      return metadata?.uid ?? "";
    case "metadata.labels":
      return formatMap(metadata?.labels);
    case "metadata.annotations":
      return formatMap(metadata?.annotations);
    case "spec.nodeName":
      return nodeName;
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return hostIP;
    case "status.podIP":
    case "status.podIPs":
      return podIP;
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** The value of a `resourceFieldRef`; without a limit, what the node has. */
export function resourceValue(selector: ResourceFieldSelector, container: Container): string {
  const [kind, name = ""] = selector.resource.split(".");
  const { limits, requests } = container.resources ?? {};
  const stated =
    kind === "requests"
      ? (requests?.[name] ?? limits?.[name])
      : kind === "limits"
        ? limits?.[name]
        : undefined;
  if (kind !== "limits" && kind !== "requests")
    throw new Error(`unsupported container resource : ${selector.resource}`);
  const divisor = parseQuantity(
    selector.divisor && selector.divisor !== "0" ? selector.divisor : "1",
  );
  const amount = stated === undefined ? nodeAmount(kind, name) : parseQuantity(stated);
  return String(Math.ceil(amount / divisor));
}

function nodeAmount(kind: string, name: string): number {
  if (kind === "requests") return 0;
  if (name === "cpu") return availableParallelism();
  return name === "memory" ? totalmem() : 0;
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  const keys = Object.keys(map ?? {}).toSorted();
  return keys.map((key) => `${key}=${JSON.stringify(map?.[key])}`).join("\n");
}
