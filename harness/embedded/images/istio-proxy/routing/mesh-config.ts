/** The mesh-wide settings that are built: Istio's meshConfig. */
export interface MeshConfig {
  /** "" is off. */
  readonly accessLogFile: string;
  readonly outboundTrafficPolicy: "ALLOW_ANY" | "REGISTRY_ONLY";
  readonly enableAutoMtls: boolean;
  readonly trustDomain: string;
}

/** Istio's defaults. */
export const defaultMeshConfig: MeshConfig = {
  accessLogFile: "",
  outboundTrafficPolicy: "ALLOW_ANY",
  enableAutoMtls: true,
  trustDomain: "cluster.local",
};
