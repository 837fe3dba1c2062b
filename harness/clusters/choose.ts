import { LabError } from "../errors/lab-error.ts";
import type { Cluster } from "./cluster.ts";
import { isK3sUsable } from "./docker/usable.ts";
import { embeddedCluster } from "./embedded.ts";
import { kubeconfigCluster } from "./kubeconfig.ts";

export const clusterKinds = ["auto", "embedded", "k3s", "kubeconfig"] as const;
export type ClusterKind = (typeof clusterKinds)[number];

export interface ChooseOptions {
  /** @default "auto" */
  readonly kind?: string | undefined;
  /** The kubeconfig context to use; naming one means "kubeconfig". */
  readonly context?: string | undefined;
  /** Go on although the context looks like production. @default false */
  readonly yes?: boolean | undefined;
  /** Registry that holds the labs' own images, for "kubeconfig". */
  readonly registry?: string | undefined;
  /** Install add-ons that are missing, for "kubeconfig". @default false */
  readonly install?: boolean | undefined;
  /** The cluster outlives this process. @default false */
  readonly keep?: boolean | undefined;
}

/** The cluster a command runs against, and one line that says why this one. */
export interface Choice {
  readonly kind: Exclude<ClusterKind, "auto">;
  readonly cluster: Cluster;
  readonly why: string;
}

/** Picks the kind of cluster. Fails with LAB_USAGE for a kind there is not. */
export async function chooseCluster(options: ChooseOptions, signal: AbortSignal): Promise<Choice> {
  const kind = options.kind ?? (options.context === undefined ? "auto" : "kubeconfig");
  switch (kind) {
    case "auto":
      return automatic(options, signal);
    case "embedded":
      return { kind, cluster: embeddedCluster({ keep: options.keep }), why: "embedded, as asked" };
    case "k3s": {
      const { k3sCluster } = await import("./k3s.ts");
      return { kind, cluster: k3sCluster({ keep: options.keep }), why: "k3s, as asked" };
    }
    case "kubeconfig": {
      const cluster = kubeconfigCluster({
        context: options.context,
        yes: options.yes,
        registry: options.registry,
        install: options.install,
      });
      return { kind, cluster, why: `the context ${options.context ?? "(none)"}, as asked` };
    }
    default:
      throw new LabError(
        "LAB_USAGE",
        `--cluster ${kind}: expected one of ${clusterKinds.join(", ")}`,
      );
  }
}

/** k3s where an engine answers and has its image or can pull it; embedded everywhere else. */
async function automatic({ keep }: ChooseOptions, signal: AbortSignal): Promise<Choice> {
  const { usable, why } = await isK3sUsable(signal);
  if (!usable)
    return {
      kind: "embedded",
      cluster: embeddedCluster({ keep }),
      why: `embedded, because ${why}`,
    };
  const { k3sCluster } = await import("./k3s.ts");
  return { kind: "k3s", cluster: k3sCluster({ keep }), why: `k3s, because ${why}` };
}
