import { loadavg } from "node:os";
import { systemClock } from "../harness/time/clock.ts";
import { BenchCluster } from "./workloads-parts/bench-cluster.ts";
import { memoryOf, processesOf } from "./workloads-parts/pod-memory.ts";

/** One line for --list. */
export const about = "Deployments from created to Ready, a rollout, memory per pod, 200 pods";

/** Seconds that a real one-node Kubernetes took on the machine these benches were written on. */
const real: Readonly<Record<number, number>> = { 1: 0.61, 3: 0.86, 10: 3.2 };
const rounds = 5;
const manyPods = 200;

/** The recorded scenarios' workload: a server that answers its host name, with a readiness probe. */
const web = {
  image: "bb:1",
  command: ["sh", "-c", "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www"],
  readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
};
/** The labs' own app. */
const logic = {
  image: "kubelab/apps:v1",
  args: ["logic"],
  readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
};
const workloads = { web, logic };

/** Measures an embedded cluster of its own, which is gone at the end. */
export default async function benchWorkloads(signal: AbortSignal): Promise<void> {
  await using cluster = await BenchCluster.start(signal);
  printLoad("start");
  await cluster.measureReady("warm-up", web, 2);
  for (const [name, container] of Object.entries(workloads)) {
    await cluster.measureReady("warm-up", container, 1);
    console.log(`${name}: Deployment created → all Ready, median of ${rounds} rounds (all)`);
    for (const replicas of [1, 3, 10]) {
      const took: number[] = [];
      for (let round = 0; round < rounds; round++)
        took.push(await cluster.measureReady(name, container, replicas));
      const limit = name === "web" ? `  a real node ${real[replicas]?.toFixed(2)} s` : "";
      printTimes(`${replicas} replicas`, took, limit);
    }
  }
  const rollouts: number[] = [];
  for (let round = 0; round < 3; round++)
    rollouts.push(await cluster.measureRollout("rollout", web, 10));
  printTimes("web: rollout of 10", rollouts);
  printLoad("before memory");
  for (const [name, container] of Object.entries(workloads)) {
    await using _running = await cluster.run(name, container, 10);
    // Programs that have just started still hold what starting needed.
    await systemClock.sleep(3000, signal);
    printMemory(`${name}, 10 pods`, cluster.stateDir);
  }
  printLoad(`before ${manyPods} pods`);
  const startMs = performance.now();
  await using _many = await cluster.run("many", web, manyPods);
  console.log(`${manyPods} pods Ready after ${seconds(performance.now() - startMs)}`);
  printMemory(`${manyPods} pods`, cluster.stateDir);
}

function printTimes(what: string, took: readonly number[], more = ""): void {
  const all = took.map((ms) => (ms / 1000).toFixed(2)).join(" ");
  console.log(`  ${what.padEnd(20)} ${seconds(median(took)).padStart(8)}  (${all})${more}`);
}

function printMemory(what: string, stateDir: string): void {
  const each = processesOf(stateDir).map(memoryOf);
  if (each.length === 0) return console.log("  memory is told on Linux only");
  const show = (key: "rssBytes" | "pssBytes"): string => {
    const values = each.map((memory) => memory[key] / 1e6);
    return `median ${median(values).toFixed(1)} MB, largest ${Math.max(...values).toFixed(1)} MB`;
  };
  console.log(
    `  ${what}: ${each.length} processes, RSS ${show("rssBytes")}; PSS ${show("pssBytes")}`,
  );
}

function printLoad(when: string): void {
  console.log(`[load average at ${when}: ${loadavg()[0]?.toFixed(2)}]`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
