import { parseArgs } from "node:util";
import {
  runningClusters,
  spawnEmbeddedCluster,
  stopEmbeddedCluster,
} from "../harness/embedded/index.ts";
import { runningEmbeddedCluster } from "../harness/clusters/embedded.ts";
import { keptK3s, removeKeptK3s } from "../harness/clusters/docker/kept.ts";
import { LabError } from "../harness/errors/lab-error.ts";
import { withAddons } from "../harness/lab/with-addons.ts";
import { mustNotBeNpms } from "./npm-flags.ts";
import { runCommand } from "./run-command.ts";

const usage = `npm run cluster -- up [--name NAME] [--port PORT]   start an embedded cluster that stays
npm run cluster -- status                              what runs, and how to use it with kubectl
npm run cluster -- install ADDON [--name NAME]         put istio or ingress-nginx into it, as labs do
npm run cluster -- down [--name NAME | --all]          stop it and leave nothing behind

  --name NAME   which cluster (default: "default")
                with "down": "k3s" means the one that a lab left with --keep
  --port PORT   port of the API server (default: any free one)
  --all         every embedded cluster of this user, and every k3s that was kept
  --help        this text`;

const options = {
  name: { type: "string", default: "default" },
  port: { type: "string" },
  all: { type: "boolean", default: false },
} as const;

await runCommand(usage, async (signal) => {
  mustNotBeNpms("cluster", Object.keys(options));
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [verb, ...rest] = positionals;
  if (rest.length > (verb === "install" ? 1 : 0))
    throw new LabError("LAB_USAGE", `unexpected argument: ${rest.join(" ")}`);
  if (!/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/.test(values.name))
    throw new LabError(
      "LAB_USAGE",
      `--name ${values.name}: expected up to 32 lower-case letters, digits and dashes`,
    );
  if (verb === "up") await up(values.name, values.port, signal);
  else if (verb === "status") await status();
  else if (verb === "install") await install(values.name, rest[0], signal);
  else if (verb === "down") await down(values.all ? undefined : values.name);
  else
    throw new LabError(
      "LAB_USAGE",
      `expected up, status, install or down, got ${verb ?? "nothing"}`,
    );
});

async function up(name: string, port: string | undefined, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const cluster = await spawnEmbeddedCluster({
    name,
    port: port === undefined ? undefined : portNumber(port),
    detached: true,
    signal,
    onPhase: (phase) => console.log(`· ${phase}`),
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `cluster ${name} is up after ${seconds} s (Kubernetes ${cluster.serverVersion} API)\n`,
  );
  console.log(howToUse(name, cluster.folder.kubeConfigPath));
}

async function install(
  name: string,
  addon: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (addon === undefined)
    throw new LabError("LAB_USAGE", "expected the add-on's name: istio or ingress-nginx");
  await using cluster = await runningEmbeddedCluster(name);
  await withAddons(cluster).addon(addon, (text) => console.log(`· ${text}`), signal);
  console.log(`${addon} is ready`);
}

async function status(): Promise<void> {
  const clusters = runningClusters();
  if (clusters.length === 0) console.log("no embedded cluster runs; npm run cluster up starts one");
  for (const { kubeConfigPath } of await keptK3s())
    console.log(`k3s (kept)\n${howToUse("k3s", kubeConfigPath)}\n`);
  for (const cluster of clusters)
    console.log(
      `${cluster.name} (process ${cluster.owner.pid})\n${howToUse(cluster.name, cluster.kubeConfigPath)}\n`,
    );
}

async function down(name: string | undefined): Promise<void> {
  const kept = name === undefined || name === "k3s" ? await removeKeptK3s() : 0;
  if (kept > 0) console.log("k3s is down");
  if (kept > 0 && name === "k3s") return;
  const names = name === undefined ? runningClusters().map((cluster) => cluster.name) : [name];
  for (const each of names) {
    await stopEmbeddedCluster(each);
    console.log(`cluster ${each} is down`);
  }
  if (names.length === 0 && kept === 0) console.log("no embedded cluster runs");
}

function howToUse(name: string, kubeConfigPath: string): string {
  return `  export KUBECONFIG=${kubeConfigPath}\n  kubectl get pods -A\n  npm run cluster -- down --name ${name}`;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new LabError("LAB_USAGE", `--port ${text}: expected a number from 1 to 65535`);
  return port;
}
