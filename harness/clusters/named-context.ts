import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";
import { systemClock } from "../time/clock.ts";

/** What a person says about the context. */
export interface ContextChoice {
  /** It has to be named: the current one is never taken by itself. */
  readonly context: string | undefined;
  /** Go on although the context looks like production. @default false */
  readonly yes?: boolean | undefined;
}

/** Names that people give to clusters where a lab has no business. */
const production = /(^|[^a-z])(prod|production|prd|live)([^a-z]|$)/i;

/** client-node's name for a context that it made up because there is no kubeconfig. */
const madeUp = "loaded-context";

/** A kubeconfig with the named context and nothing else. Refuses what nobody can have meant. */
export function loadContext({ context, yes }: ContextChoice): KubeConfig {
  const all = readKubeConfig();
  const names = all.getContexts().map(({ name }) => name);
  if (context === undefined)
    throw new LabError(
      "CONTEXT_NOT_NAMED",
      `no context was named; the kubeconfig has ${list(names)}`,
    );
  all.setCurrentContext(context);
  const [named, cluster, user] = [
    all.getContextObject(context),
    all.getCurrentCluster(),
    all.getCurrentUser(),
  ];
  if (!named)
    throw new LabError(
      "CONTEXT_UNKNOWN",
      `no context ${context} in the kubeconfig; it has ${list(names)}`,
    );
  if (!cluster || !user)
    throw new LabError(
      "KUBECONFIG_INVALID",
      `context ${context} names the ${cluster ? `user ${named.user}` : `cluster ${named.cluster}`}, which the kubeconfig does not have`,
    );
  if (!yes && [context, cluster.name, cluster.server].some((name) => production.test(name)))
    throw new LabError(
      "CONTEXT_LOOKS_LIKE_PRODUCTION",
      `context ${context} (${cluster.server}) looks like production`,
    );
  mustNotHaveExpired(context, user.certData);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [cluster],
    users: [user],
    contexts: [named],
    currentContext: context,
  });
  return kubeConfig;
}

/** What kubectl reads: of the files that KUBECONFIG lists those that there are; the first to name a thing wins. */
function readKubeConfig(): KubeConfig {
  const listed = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean);
  if (listed.length === 0) return readDefault();
  const files = listed.filter((file) => existsSync(file));
  if (files.length === 0)
    throw new LabError(
      "KUBECONFIG_INVALID",
      `there is no kubeconfig: KUBECONFIG names ${listed.join(" and ")}, which ${listed.length === 1 ? "is" : "are"} not there`,
    );
  const parts = files.map((file) => {
    const part = new KubeConfig();
    reading(file, () => part.loadFromFile(file));
    return part;
  });
  const all = new KubeConfig();
  all.loadFromOptions({
    clusters: firstOfEach(parts.flatMap((part) => part.getClusters())),
    users: firstOfEach(parts.flatMap((part) => part.getUsers())),
    contexts: firstOfEach(parts.flatMap((part) => part.getContexts())),
    currentContext: "",
  });
  return all;
}

/** ~/.kube/config, or what a pod is given. */
function readDefault(): KubeConfig {
  const kubeConfig = new KubeConfig();
  reading("~/.kube/config", () => kubeConfig.loadFromDefault());
  if (kubeConfig.getContexts().some(({ name }) => name === madeUp))
    throw new LabError("KUBECONFIG_INVALID", "there is no kubeconfig: ~/.kube/config is not there");
  return kubeConfig;
}

function reading(file: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LabError("KUBECONFIG_INVALID", `the kubeconfig ${file} cannot be read: ${reason}`, {
      cause: error,
    });
  }
}

function firstOfEach<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return all.filter(({ name }, index) => all.findIndex((one) => one.name === name) === index);
}

/** Servers only say 401 to an expired certificate; the certificate itself says why. */
function mustNotHaveExpired(context: string, certificate: string | undefined): void {
  if (!certificate) return;
  const validTo = endOf(context, certificate);
  if (Date.parse(validTo) > systemClock.now()) return;
  throw new LabError(
    "CLUSTER_UNREACHABLE",
    `context ${context}: its client certificate expired on ${validTo}`,
    { advice: "Renew the certificate, or fetch the kubeconfig again." },
  );
}

function endOf(context: string, certificate: string): string {
  try {
    return new X509Certificate(Buffer.from(certificate, "base64")).validTo;
  } catch (error) {
    throw new LabError(
      "KUBECONFIG_INVALID",
      `context ${context}: its client-certificate-data is no certificate`,
      { cause: error },
    );
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "no contexts" : names.join(", ");
}
