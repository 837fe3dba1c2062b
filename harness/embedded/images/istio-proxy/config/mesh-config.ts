import { createRequire } from "node:module";
import type { parse as parseYaml } from "yaml";
import type { ConfigMap } from "kubernetes-types/core/v1";
import { defaultMeshConfig, type MeshConfig } from "../routing/mesh-config.ts";

interface RawMeshConfig {
  readonly accessLogFile?: string;
  readonly outboundTrafficPolicy?: { readonly mode?: MeshConfig["outboundTrafficPolicy"] };
  readonly enableAutoMtls?: boolean;
  readonly trustDomain?: string;
}

/** Reads the ConfigMap `istio` of the root namespace. */
export function readMeshConfig(configMap: ConfigMap | undefined): MeshConfig {
  const raw = parse(configMap?.data?.["mesh"] ?? "{}");
  return {
    accessLogFile: raw.accessLogFile ?? defaultMeshConfig.accessLogFile,
    outboundTrafficPolicy:
      raw.outboundTrafficPolicy?.mode ?? defaultMeshConfig.outboundTrafficPolicy,
    enableAutoMtls: raw.enableAutoMtls ?? defaultMeshConfig.enableAutoMtls,
    trustDomain: raw.trustDomain ?? defaultMeshConfig.trustDomain,
  };
}

function parse(text: string): RawMeshConfig {
  try {
    return JSON.parse(text) as RawMeshConfig;
  } catch {
    // Loaded only where the text needs it: it costs every sidecar 30 ms of its start.
    const yaml = createRequire(import.meta.url)("yaml") as { parse: typeof parseYaml };
    return (yaml.parse(text) ?? {}) as RawMeshConfig;
  }
}
