import { AppsV1Api, CoreV1Api, type KubeConfig, type V1Deployment } from "@kubernetes/client-node";
import { LabError } from "../../errors/lab-error.ts";
import { systemClock } from "../../time/clock.ts";

const limitMs = 120_000;

/**
 * Waits until pods can be made and names resolve: the default ServiceAccount is there and CoreDNS is rolled out.
 * `Available` would not do: with one replica, maxUnavailable lets it be true with no pod ready.
 */
export async function clusterDnsReady(kubeConfig: KubeConfig, signal: AbortSignal): Promise<void> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const deadlineMs = systemClock.now() + limitMs;
  let seen = "nothing yet";
  for (;;) {
    try {
      await core.readNamespacedServiceAccount({ name: "default", namespace: "default" });
      const coredns = await apps.readNamespacedDeployment({
        name: "coredns",
        namespace: "kube-system",
      });
      if (isRolledOut(coredns)) return;
      seen = `${coredns.status?.readyReplicas ?? 0} of ${coredns.spec?.replicas ?? 1} replicas ready`;
    } catch (error) {
      mustNotBeAnotherName(error);
      seen = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    }
    if (systemClock.now() > deadlineMs)
      throw new LabError(
        "CLUSTER_START_FAILED",
        `Deployment kube-system/coredns was not ready after ${limitMs / 1000} s; last: ${seen}`,
      );
    await systemClock.sleep(200, signal);
  }
}

/** Waiting does not change a certificate. */
function mustNotBeAnotherName(error: unknown): void {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && cause.code === "ERR_TLS_CERT_ALTNAME_INVALID")
      throw new LabError(
        "CLUSTER_START_FAILED",
        `k3s is reached by another name than its certificate's: ${cause.message}`,
        {
          advice: "Set TESTCONTAINERS_HOST_OVERRIDE to the host's name or address alone.",
          cause: error,
        },
      );
}

function isRolledOut({ metadata, spec, status }: V1Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
    status?.updatedReplicas === wanted &&
    status.readyReplicas === wanted
  );
}
