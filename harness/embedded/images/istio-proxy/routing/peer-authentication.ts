import type { KubeObject } from "../../../resource.ts";
import { hasLabels, type MeshSnapshot } from "./model.ts";

export type MutualTlsMode = "STRICT" | "PERMISSIVE" | "DISABLE";

interface ModeSetting {
  readonly mode?: MutualTlsMode | "UNSET";
}

export interface PeerAuthentication extends KubeObject {
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly mtls?: ModeSetting;
    /** By the workload's own port. */
    readonly portLevelMtls?: Readonly<Record<string, ModeSetting>>;
  };
}

/**
 * What TLS a workload's port takes. A policy for the workload beats its namespace's, which beats the mesh's;
 * UNSET inherits, and nothing at all means PERMISSIVE.
 */
export function mutualTlsMode(
  snapshot: MeshSnapshot,
  workload: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  port: number,
): MutualTlsMode {
  const inNamespace = policiesIn(snapshot, workload.namespace);
  const own = inNamespace.find(
    (policy) =>
      hasSelector(policy) && hasLabels(workload.labels, policy.spec?.selector?.matchLabels),
  );
  const scopes = [
    own?.spec?.portLevelMtls?.[String(port)],
    own?.spec?.mtls,
    inNamespace.find((policy) => !hasSelector(policy))?.spec?.mtls,
    policiesIn(snapshot, snapshot.rootNamespace).find((policy) => !hasSelector(policy))?.spec?.mtls,
  ];
  for (const scope of scopes) {
    if (scope?.mode && scope.mode !== "UNSET") return scope.mode;
  }
  return "PERMISSIVE";
}

function policiesIn(snapshot: MeshSnapshot, namespace: string): readonly PeerAuthentication[] {
  return snapshot.peerAuthentications.filter((policy) => policy.metadata?.namespace === namespace);
}

function hasSelector(policy: PeerAuthentication): boolean {
  return Object.keys(policy.spec?.selector?.matchLabels ?? {}).length > 0;
}
