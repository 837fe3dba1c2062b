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
  const unusable = loginFailure(kubeConfig, error) ?? missingFile(kubeConfig, error);
  if (unusable) return unusable;
  const codes = causes(error);
  const told = explanations.find(({ pattern }) => codes.some((code) => pattern.test(code)));
  if (told)
    return new LabError("CLUSTER_UNREACHABLE", `context ${context}: ${told.say(server)}`, {
      advice: told.advice,
      cause: error,
    });
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

const explanations = [
  {
    pattern: /CERT_HAS_EXPIRED|CERTIFICATE_EXPIRED/,
    say: (server: string) => `the certificate of ${server} has expired`,
    advice: "Renew the cluster's certificates.",
  },
  {
    pattern: /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|bad certificate/,
    say: (server: string) =>
      `the certificate of ${server} is not signed by the authority that the context names`,
    advice: "Fetch the kubeconfig again: the cluster may have been made anew.",
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    say: (server: string) => `the certificate of ${server} is for another name`,
    advice: "Use the name that is in the certificate, or set tls-server-name in the kubeconfig.",
  },
];

/** A context may get its credentials from a program: client-node passes on what became of that as it is. */
function loginFailure(kubeConfig: KubeConfig, error: unknown): LabError | undefined {
  const login = kubeConfig.getCurrentUser()?.exec as { readonly command?: string } | undefined;
  // What fails on the way to the server has a cause.
  if (!login || !(error instanceof Error) || error.cause !== undefined) return undefined;
  const { code, message } = error as NodeJS.ErrnoException;
  const how =
    code === "ENOENT"
      ? "is not installed"
      : `hands out no credentials: ${message.trim().split("\n").at(-1) || "it says nothing"}`;
  return new LabError(
    "CLUSTER_UNREACHABLE",
    `context ${kubeConfig.currentContext}: its login program ${login.command} ${how}`,
    { advice: "Install it or log in again; kubectl needs it as well.", cause: error },
  );
}

/** A certificate or key that the context names by its file. */
function missingFile(kubeConfig: KubeConfig, error: unknown): LabError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (syscall !== "open" || path === undefined) return missingFile(kubeConfig, error.cause);
  return new LabError(
    "KUBECONFIG_INVALID",
    `context ${kubeConfig.currentContext} names the file ${path}, which cannot be read: ${code}`,
    { cause: error },
  );
}

/** The codes or messages of an error and of what caused it, innermost first. */
function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const code = "code" in error && typeof error.code === "string" ? error.code : error.message;
  return [...causes(error.cause), code];
}
