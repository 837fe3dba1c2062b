import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse, parseAllDocuments } from "yaml";
import { createInClusterClient, type HttpClient } from "../../../../../embedded/http-client.ts";
import type { KubeObject, Resource } from "../../../../../embedded/resource.ts";
import { deployments } from "../../../../../embedded/resources.ts";
import { isStatus } from "../../../../../embedded/status-error.ts";
import { systemClock } from "../../../../../time/clock.ts";

// `istioctl install` and `istioctl uninstall` as the add-on calls them, for the stand-ins of Istio.

const namespace = "istio-system";
const manifests = ["control-plane.yaml", "ingress-gateway.yaml"].map((name) =>
  fileURLToPath(new URL(`../../../../../addons/istio/${name}`, import.meta.url)),
);
const clusterScoped = new Set([
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "MutatingWebhookConfiguration",
]);

async function install(client: HttpClient, words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      yes: { type: "boolean", short: "y" },
      set: { type: "string", multiple: true, default: [] },
      filename: { type: "string", short: "f" },
      "readiness-timeout": { type: "string", default: "5m" },
    },
  });
  if (!values.yes)
    throw new Error("This will install the Istio profile into the cluster. Cancelled.");
  const settings = Object.fromEntries(values.set.map((one) => one.split("=", 2)));
  if (settings["hub"] !== "docker.io/istio")
    throw new Error(`ImagePullBackOff: no images at the hub ${settings["hub"]}`);
  if (values.filename) mustBeOperator(values.filename);
  for (const object of readAll()) {
    const resource = resourceOf(object);
    await client.patch(
      resource,
      keyOf(object),
      { type: "apply", body: object, force: true },
      {
        fieldManager: "istio-operator",
      },
    );
  }
  console.log("✔ Istio core installed");
  for (const name of ["istiod", "istio-ingressgateway"]) await ready(client, name);
  console.log("✔ Installation complete");
}

/** As upstream: everything but the namespace goes. */
async function uninstall(client: HttpClient, words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: { purge: { type: "boolean" }, yes: { type: "boolean", short: "y" } },
  });
  if (!values.purge || !values.yes) throw new Error("uninstall: expected --purge and -y");
  for (const object of readAll().toReversed()) {
    if (object.kind === "Namespace") continue;
    await client
      .delete(resourceOf(object), keyOf(object), { propagationPolicy: "Background" })
      .catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error;
      });
  }
  console.log("✔ Uninstall complete");
}

function mustBeOperator(path: string): void {
  const { kind } = parse(readFileSync(path, "utf8")) as { kind?: string };
  if (kind !== "IstioOperator")
    throw new Error(`${path}: expected kind IstioOperator, got ${kind}`);
}

function readAll(): KubeObject[] {
  return manifests
    .flatMap((path) => parseAllDocuments(readFileSync(path, "utf8")))
    .map((document) => document.toJS() as KubeObject);
}

function resourceOf({ apiVersion = "", kind = "" }: KubeObject): Resource {
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  return {
    group,
    version,
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced: !clusterScoped.has(kind),
  };
}

function keyOf({ kind = "", metadata }: KubeObject): { namespace?: string; name: string } {
  const name = metadata?.name ?? "";
  return clusterScoped.has(kind) ? { name } : { namespace: metadata?.namespace ?? namespace, name };
}

async function ready(client: HttpClient, name: string): Promise<void> {
  for (;;) {
    const { spec, status } = await client.get(deployments, { namespace, name });
    if ((status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1)) return;
    await systemClock.sleep(200);
  }
}

const [command, ...words] = process.argv.slice(2);
const client = createInClusterClient();
try {
  if (command === "install") await install(client, words);
  else if (command === "uninstall") await uninstall(client, words);
  else throw new Error(`unknown command "${command ?? ""}" for "istioctl"`);
} catch (error) {
  console.error(`Error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  client.close();
}
