import { ApiException, type KubeConfig } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";

/** Why a cluster did not answer, in one sentence with a way out. */
export function unreachable(kubeConfig: KubeConfig, error: unknown): LabError {
  const server = kubeConfig.getCurrentCluster()?.server ?? "(no server)";
  const context = kubeConfig.currentContext;
  if (error instanceof ApiException)
    return error.code === 401
      ? new LabError(
          "CLUSTER_UNREACHABLE",
          `context ${context}: ${server} does not accept its credentials (401)`,
          {
            advice: "Log in again or renew the certificate or token of this context.",
            cause: error,
          },
        )
      : new LabError(
          "CLUSTER_UNREACHABLE",
          `context ${context}: ${server} answered ${error.code}`,
          { cause: error },
        );
  const codes = causes(error);
  if (
    codes.some((code) => code.includes("CERT_HAS_EXPIRED") || code.includes("CERTIFICATE_EXPIRED"))
  )
    return new LabError(
      "CLUSTER_UNREACHABLE",
      `context ${context}: a certificate of ${server} or of its client has expired`,
      {
        advice: "Renew the certificate, or fetch the kubeconfig again.",
        cause: error,
      },
    );
  return new LabError(
    "CLUSTER_UNREACHABLE",
    `context ${context}: ${server} does not answer (${codes[0] ?? "unknown error"})`,
    {
      advice:
        "Check that the cluster runs and that this machine can reach it: kubectl --context NAME version.",
      cause: error,
    },
  );
}

/** The codes or messages of an error and of what caused it, innermost first. */
function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const code = "code" in error && typeof error.code === "string" ? error.code : error.message;
  return [...causes(error.cause), code];
}
