import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { CertificateAuthority } from "../embedded/apiserver/auth/certificates.ts";
import { systemClock } from "../time/clock.ts";
import type { StartedCluster } from "./cluster.ts";
import { embeddedCluster } from "./embedded.ts";
import { kubeconfigCluster } from "./kubeconfig.ts";

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "kubelab-kubeconfig-"));
const path = join(folder, "config");
const before = process.env["KUBECONFIG"];
let foreign: StartedCluster;
let good: KubeConfig;

beforeAll(async () => {
  foreign = await embeddedCluster().start({ signal });
  good = new KubeConfig();
  good.loadFromFile(foreign.kubeConfigPath);
  process.env["KUBECONFIG"] = path;
});

afterEach(() => rmSync(path, { force: true }));

afterAll(async () => {
  if (before === undefined) delete process.env["KUBECONFIG"];
  else process.env["KUBECONFIG"] = before;
  rmSync(folder, { recursive: true, force: true });
  await foreign.stop();
});

interface Change {
  readonly context?: string;
  readonly server?: string;
  readonly caData?: string;
  readonly user?: object;
}

/** Writes a kubeconfig: the foreign cluster's, with something else in it. */
function writeConfig({ context = "lab", server, caData, user }: Change = {}): void {
  const cluster = good.getCurrentCluster();
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        ...cluster,
        name: "foreign",
        server: server ?? cluster?.server,
        caData: caData ?? cluster?.caData,
      },
    ],
    users: [{ ...(user ?? good.getCurrentUser()), name: "me" }],
    contexts: [
      { name: context, cluster: "foreign", user: "me" },
      { name: "other", cluster: "foreign", user: "me" },
    ],
    currentContext: "other",
  });
  writeFileSync(path, config.exportConfig());
}

const start = (options: Parameters<typeof kubeconfigCluster>[0]) =>
  kubeconfigCluster(options).start({ signal });

test("joins the context that is named, whatever the current one is, and leaves nothing", async () => {
  writeConfig();
  const cluster = await start({ context: "lab", registry: "registry.example.com/team/" });
  expect(cluster.description).toContain(
    `lab (Kubernetes ${cluster.serverVersion}, https://127.0.0.1:`,
  );
  expect(cluster.image("kubelab/apps:v1")).toBe("registry.example.com/team/kubelab/apps:v1");
  expect(cluster.image("nginx:1.27-alpine")).toBe("nginx:1.27-alpine");
  expect(cluster.addons).toBe("use");
  const own = new KubeConfig();
  own.loadFromFile(cluster.kubeConfigPath);
  expect(own.getCurrentContext()).toBe("lab");
  expect(own.getContexts()).toHaveLength(1);
  expect(statSync(cluster.kubeConfigPath).mode & 0o777).toBe(0o600);
  await cluster.stop();
  await cluster.stop();
  expect(() => readFileSync(cluster.kubeConfigPath)).toThrow("ENOENT");
});

test("takes no context that was not named", async () => {
  writeConfig();
  await expect(start({ context: undefined })).rejects.toMatchObject({
    code: "CONTEXT_NOT_NAMED",
    message: "no context was named; the kubeconfig has lab, other",
    advice: "Name the context to use: --context NAME.",
  });
});

test("a context that there is not is told with those that there are", async () => {
  writeConfig();
  await expect(start({ context: "lob" })).rejects.toMatchObject({
    code: "CONTEXT_UNKNOWN",
    message: "no context lob in the kubeconfig; it has lab, other",
  });
});

test("without a kubeconfig it says so", async () => {
  await expect(start({ context: "lab" })).rejects.toMatchObject({ code: "KUBECONFIG_INVALID" });
});

test("of several files those that there are count, and the first to name a thing wins", async () => {
  writeConfig();
  const other = join(folder, "other");
  const text = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "foreign", cluster: { server: "https://127.0.0.1:1" } }],
    users: [],
    contexts: [{ name: "more", context: { cluster: "foreign", user: "me" } }],
  });
  writeFileSync(other, text);
  process.env["KUBECONFIG"] = [join(folder, "missing"), path, other].join(delimiter);
  try {
    await using cluster = await start({ context: "more" });
    expect(cluster.serverVersion).toBe(foreign.serverVersion);
  } finally {
    process.env["KUBECONFIG"] = path;
  }
});

test("a file that is no YAML is named", async () => {
  writeFileSync(path, "a: [b");
  await expect(start({ context: "lab" })).rejects.toMatchObject({
    code: "KUBECONFIG_INVALID",
    message: expect.stringContaining(`the kubeconfig ${path} cannot be read: `) as string,
  });
});

test.each([
  [
    { exec: execOf("no-such-login-program") },
    "CLUSTER_UNREACHABLE",
    "context lab: its login program no-such-login-program is not installed",
  ],
  [
    { exec: execOf(process.execPath, "-e", "console.error('expired: log in'); process.exit(1)") },
    "CLUSTER_UNREACHABLE",
    `context lab: its login program ${process.execPath} hands out no credentials: expired: log in`,
  ],
  [
    { certFile: join(folder, "no.pem"), keyFile: join(folder, "no.pem") },
    "KUBECONFIG_INVALID",
    `context lab names the file ${join(folder, "no.pem")}, which cannot be read: ENOENT`,
  ],
  [
    { certData: base64("nothing"), keyData: base64("nothing") },
    "KUBECONFIG_INVALID",
    "context lab: its client-certificate-data is no certificate",
  ],
])("a user that cannot be one is told with what is wrong (%#)", async (user, code, message) => {
  writeConfig({ user });
  await expect(start({ context: "lab" })).rejects.toMatchObject({ code, message });
});

function execOf(command: string, ...args: readonly string[]) {
  return { apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never", command, args };
}

test.each([
  [{ context: "prod" }, "prod"],
  [{ context: "gke_shop_eu-production" }, "gke_shop_eu-production"],
  [{ server: "https://k8s.live.example.com:6443" }, "lab"],
])("what looks like production is refused without --yes (%j)", async (change, context) => {
  writeConfig(change);
  await expect(start({ context })).rejects.toMatchObject({
    code: "CONTEXT_LOOKS_LIKE_PRODUCTION",
    advice: "If labs may really run there, say so with --yes.",
  });
});

test("what looks like production is used with --yes, and product names are no production", async () => {
  writeConfig({ context: "prod" });
  await using cluster = await start({ context: "prod", yes: true });
  expect(cluster.serverVersion).toMatch(/^v1\./);
  writeConfig({ context: "products" });
  await using other = await start({ context: "products" });
  expect(other.serverVersion).toBe(cluster.serverVersion);
});

test("a server that nobody answers for is one sentence", async () => {
  const authority = new CertificateAuthority("ca", systemClock.now());
  const gone = await startServer(authority, (_request, response) => response.end());
  await gone[Symbol.asyncDispose]();
  writeConfig({ server: gone.url });
  await expect(start({ context: "lab" })).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    message: `context lab: ${gone.url} does not answer (ECONNREFUSED)`,
  });
});

test("credentials that the server does not know are told as such", async () => {
  writeConfig({ user: { token: "nobody" } });
  await expect(start({ context: "lab" })).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    message: expect.stringContaining("does not accept its credentials (401)") as string,
    advice: "Log in again or renew the certificate or token of this context.",
  });
});

test("a client certificate that has expired is told with its date", async () => {
  const old = new CertificateAuthority("old", Date.parse("2020-01-01T00:00:00Z"));
  const { certificate, key } = old.issue({ commonName: "me" });
  writeConfig({ user: { certData: base64(certificate), keyData: base64(key) } });
  await expect(start({ context: "lab" })).rejects.toMatchObject({
    code: "CLUSTER_UNREACHABLE",
    message: expect.stringMatching(
      /context lab: its client certificate expired on Dec 31 .* 2020/,
    ) as string,
    advice: "Renew the certificate, or fetch the kubeconfig again.",
  });
});

test("a server certificate that has expired is told as such", async () => {
  const old = new CertificateAuthority("old", Date.parse("2020-01-01T00:00:00Z"));
  await using server = await startServer(old, (_request, response) => response.end("{}"));
  writeConfig({ server: server.url, caData: base64(old.certificate) });
  await expect(start({ context: "lab" })).rejects.toThrow(/the certificate of \S+ has expired/);
});

test("a certificate of another authority is told as such", async () => {
  const stranger = new CertificateAuthority("stranger", systemClock.now());
  writeConfig({ caData: base64(stranger.certificate) });
  await expect(start({ context: "lab" })).rejects.toThrow(
    "is not signed by the authority that the context names",
  );
});

test("a cluster that is too old is told its version", async () => {
  const authority = new CertificateAuthority("ca", systemClock.now());
  await using server = await startServer(authority, (_request, response) => {
    const version = { major: "1", minor: "27+", gitVersion: "v1.27.4" };
    response.setHeader("content-type", "application/json").end(JSON.stringify(version));
  });
  writeConfig({ server: server.url, caData: base64(authority.certificate) });
  await expect(start({ context: "lab" })).rejects.toMatchObject({
    code: "CLUSTER_TOO_OLD",
    message: "the cluster runs Kubernetes v1.27.4; the labs need v1.29 or later",
  });
});

test("rights that are too small are named, all of them", async () => {
  writeConfig({ user: { token: await tokenOf("reader", "view") } });
  const refused = await start({ context: "lab" }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "RBAC_TOO_SMALL" });
  // What `view` holds (watching pods, logs, events) is not among them.
  expect((refused as Error).message).toBe(
    "context lab: its user may not create namespaces, delete namespaces, list nodes, patch deployments.apps, patch services, patch configmaps, patch secrets, delete pods, create pods/exec",
  );
});

test("rights to everything are enough, also to install add-ons", async () => {
  writeConfig({ user: { token: await tokenOf("admin", "cluster-admin") } });
  await using cluster = await start({ context: "lab", install: true });
  expect(cluster.addons).toBe("install-and-remove");
});

test("a load balancer is promised by a cloud's nodes only, Gateway API by the server", async () => {
  writeConfig();
  await using cluster = await start({ context: "lab" });
  expect(cluster.can("load-balancer")).toBe(false);
  expect(cluster.can("gateway-api")).toBe(true);
});

/** A ServiceAccount's token with this ClusterRole. */
async function tokenOf(name: string, role: string): Promise<string> {
  const core = good.makeApiClient(CoreV1Api);
  await core.createNamespacedServiceAccount({ namespace: "default", body: { metadata: { name } } });
  await good.makeApiClient(RbacAuthorizationV1Api).createClusterRoleBinding({
    body: {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name, namespace: "default" }],
    },
  });
  const { status } = await core.createNamespacedServiceAccountToken({
    namespace: "default",
    name,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  return status?.token ?? "";
}

async function startServer(authority: CertificateAuthority, onRequest: RequestListener) {
  const { certificate, key } = authority.issue({ commonName: "server", hosts: ["127.0.0.1"] });
  const server = createServer({ cert: certificate, key }, onRequest);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
