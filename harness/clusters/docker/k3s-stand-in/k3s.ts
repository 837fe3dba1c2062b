import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { startEmbedded } from "../../../embedded/start.ts";
import { deployCoreDns } from "./core-dns.ts";
import { importedImages, ownImages } from "./imported-images.ts";
import { readServerFlags, type ServerFlags } from "./server-flags.ts";

const kubeConfigPath = "/etc/rancher/k3s/k3s.yaml";
const registriesPath = "/etc/rancher/k3s/registries.yaml";
/** In the image's volume, as all that k3s keeps. */
const stateDir = "/var/lib/rancher/k3s/agent/pods";

/** The process of the container: an embedded cluster that looks like a k3s server to whoever starts it. */
async function main(): Promise<void> {
  const flags = readServerFlags(process.argv.slice(2));
  const stopped = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopped.abort());
  log("info", "Starting k3s (a stand-in made of kubelab's embedded cluster)");
  if (existsSync(registriesPath))
    log("info", `Using private registry config file at ${registriesPath}`);
  mustAcceptCgroups(flags);
  mkdirSync(importedImages, { recursive: true });
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const cluster = await startEmbedded({
    stateDir,
    name: "default",
    port: 6443,
    // Inside the container only: what reaches it is what Docker publishes.
    host: "0.0.0.0",
    certificateHosts: flags.tlsSans,
    nodePorts: flags.nodePorts,
    imageFolders: [...ownImages, importedImages],
    containerRuntime: "containerd://0.0.0-kubelab-stand-in",
    signal: stopped.signal,
    onPhase: (phase) => log("info", phase),
  });
  writeKubeConfig();
  if (!flags.disabled.includes("coredns")) await deployCoreDns(`${stateDir}/kubeconfig`);
  log("info", "Node controller sync successful");
  if (!stopped.signal.aborted)
    await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
  await cluster.stop();
}

/** k3s writes YAML, which the module that reads it takes for granted. */
function writeKubeConfig(): void {
  const config: unknown = JSON.parse(readFileSync(`${stateDir}/kubeconfig`, "utf8"));
  mkdirSync("/etc/rancher/k3s", { recursive: true });
  writeFileSync(kubeConfigPath, stringify(config), { mode: 0o600 });
}

/** Kubernetes 1.35 and later: the kubelet refuses cgroup v1 unless told otherwise. */
function mustAcceptCgroups({ kubeletArgs }: ServerFlags): void {
  const isVersion1 = !existsSync("/sys/fs/cgroup/cgroup.controllers");
  if (isVersion1 && kubeletArgs["fail-cgroupv1"] !== "false")
    throw new Error("kubelet is configured to not run on a host using cgroup v1");
}

function log(level: "info" | "fatal", message: string): void {
  process.stderr.write(
    `time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}\n`,
  );
}

try {
  await main();
  process.exit();
} catch (error) {
  log("fatal", error instanceof Error ? error.message : String(error));
  process.exit(1);
}
