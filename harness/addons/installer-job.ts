import { LabError } from "../errors/lab-error.ts";
import { applyDocument } from "../kube/apply.ts";
import type { Kube } from "../kube/kube.ts";
import { parseManifest } from "../kube/manifest.ts";
import { systemClock } from "../time/clock.ts";
import type { AddonContext } from "./addon.ts";
import { kubeFor, namespaceGone, remove } from "./in-cluster.ts";

/** A program that installs something in the cluster it runs in. */
export interface Installer {
  /** "istio": names the Job, its namespace and what it may do. */
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  /** Files under /config, by name. @default none */
  readonly files?: Readonly<Record<string, string>>;
  /** @default 600_000 */
  readonly timeoutMs?: number;
}

/** Waiting for these does not help. */
const hopeless = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
]);

/**
 * Runs an installer as a Job with a namespace and rights of its own, waits for its end, and removes all of
 * that again. Fails with the Job's own words.
 */
export async function runInstaller(installer: Installer, context: AddonContext): Promise<void> {
  const namespace = `kubelab-installer-${installer.name}`;
  const kube = kubeFor(context, namespace);
  const documents = parseManifest(manifestOf(installer, namespace), "installer.yaml");
  const { api, kinds } = kube;
  try {
    for (const document of documents)
      await applyDocument(document, { api, kinds, namespace, signal: context.signal });
    context.onProgress?.(`${installer.name}: ${installer.image} ${installer.args[0] ?? ""}`);
    await mustComplete(kube, installer, context);
  } finally {
    // Also after Ctrl-C: rights like these do not stay behind.
    const last = { ...context, signal: AbortSignal.timeout(60_000) };
    const cleaner = kubeFor(last, namespace);
    for (const { object } of documents.toReversed()) await remove(cleaner, object, namespace);
    await namespaceGone(cleaner, namespace, last.signal);
  }
}

async function mustComplete(
  kube: Kube,
  { name, image, timeoutMs = 600_000 }: Installer,
  { signal }: AddonContext,
): Promise<void> {
  const deadlineMs = systemClock.now() + timeoutMs;
  for (;;) {
    const { status } = await kube.get("job/install");
    if (status?.succeeded) return;
    if (status?.conditions?.some(({ type, status: is }) => type === "Failed" && is === "True"))
      throw new LabError("ADDON_FAILED", `installing ${name} failed: ${await lastWords(kube)}`);
    const stuck = await whyStuck(kube);
    if (stuck !== undefined)
      throw new LabError(
        "ADDON_FAILED",
        `installing ${name} cannot begin: ${stuck}`,
        /image/i.test(stuck)
          ? { advice: `Let the cluster's nodes reach ${image}, or a mirror of it.` }
          : {},
      );
    if (systemClock.now() > deadlineMs)
      throw new LabError(
        "ADDON_FAILED",
        `installing ${name} was not over after ${timeoutMs / 1000} s; last: ${await lastWords(kube)}`,
      );
    await systemClock.sleep(250, signal);
  }
}

async function whyStuck(kube: Kube): Promise<string | undefined> {
  const pods = await kube.list("pods");
  const waiting = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
  const stuck = waiting.find(({ state }) => hopeless.has(state?.waiting?.reason ?? ""));
  const { reason, message } = stuck?.state?.waiting ?? {};
  return reason === undefined ? undefined : `${reason}: ${message ?? ""}`;
}

/** The end of the installer's log. */
async function lastWords(kube: Kube): Promise<string> {
  const [pod] = await kube.list("pods");
  const name = pod?.metadata?.name;
  if (name === undefined) return "its pod was never made";
  const log = await kube.logs(`pod/${name}`, { tail: 5 }).catch(() => "");
  return log.trim() || `its pod is ${pod?.status?.phase ?? "unknown"} and has said nothing`;
}

/** Installing custom kinds, roles and webhooks needs every right: upstream publishes no smaller role. */
function manifestOf({ image, args, files = {} }: Installer, namespace: string): string {
  const labels = { "kubelab.dev/installer": "true" };
  const objects = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "installer", namespace } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: namespace, labels },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "cluster-admin",
      },
      subjects: [{ kind: "ServiceAccount", name: "installer", namespace }],
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "config", namespace },
      data: files,
    },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "install", namespace },
      spec: {
        // Installing is idempotent, and a cluster that has just come up may refuse its first pod the API.
        backoffLimit: 1,
        template: {
          metadata: { labels: { "sidecar.istio.io/inject": "false" } },
          spec: {
            serviceAccountName: "installer",
            restartPolicy: "Never",
            containers: [
              {
                name: "install",
                image,
                args,
                volumeMounts: [{ name: "config", mountPath: "/config", readOnly: true }],
              },
            ],
            volumes: [{ name: "config", configMap: { name: "config" } }],
          },
        },
      },
    },
  ];
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}
