import { LabError } from "../errors/lab-error.ts";
import type { Cluster } from "./cluster.ts";
import { embeddedCluster } from "./embedded.ts";

export const clusterKinds = ["auto", "embedded", "k3s", "kubeconfig"] as const;
export type ClusterKind = (typeof clusterKinds)[number];

export interface ChooseOptions {
  /** @default "auto" */
  readonly kind?: string | undefined;
  /** The kubeconfig context to use, for "kubeconfig". */
  readonly context?: string | undefined;
  /** The cluster outlives this process. @default false */
  readonly keep?: boolean | undefined;
}

/** The cluster a command runs against, and one line that says why this one. */
export interface Choice {
  readonly cluster: Cluster;
  readonly why: string;
}

/** Picks the kind of cluster. Fails with LAB_USAGE for a kind there is not. */
export async function chooseCluster(options: ChooseOptions = {}): Promise<Choice> {
  const kind = options.kind ?? "auto";
  switch (kind) {
    case "auto":
    case "embedded":
      return {
        cluster: embeddedCluster({ keep: options.keep }),
        why: "embedded: no Docker needed",
      };
    case "k3s":
    case "kubeconfig":
      throw new LabError("NOT_SUPPORTED", `--cluster ${kind} is not built yet`, {
        advice: "Run with --cluster embedded.",
      });
    default:
      throw new LabError(
        "LAB_USAGE",
        `--cluster ${kind}: expected one of ${clusterKinds.join(", ")}`,
      );
  }
}
