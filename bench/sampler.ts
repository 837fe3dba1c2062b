import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { OpenLoopPlan } from "../harness/traffic/plan.ts";
import { startLoad } from "../harness/traffic/load.ts";
import { outsideVantage } from "../harness/traffic/vantage.ts";
import { count, percent } from "../harness/verdicts/wording.ts";

/** One line for --list. */
export const about =
  "the sampler beside autocannon and wrk, and how well a load holds its schedule";

const ROUNDS = 5;
const SECONDS = 2;
const run = promisify(execFile);

interface Measured {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
}

type Client = (url: string, connections: number, signal: AbortSignal) => Promise<Measured>;

/** Prints requests per second and CPU of each client, then the accuracy of 500 sends a second. */
export default async function benchSampler(signal: AbortSignal): Promise<void> {
  await using server = await startServer();
  const clients = new Map<string, Client>([
    ["sampler", node("sampler")],
    ["autocannon", node("autocannon")],
  ]);
  if (await hasWrk()) clients.set("wrk", wrk);
  else console.log("wrk: skipped, it is not installed (apt-get install wrk)\n");
  for (const connections of [10, 50]) await compare(server.url, connections, clients, signal);
  for (const stream of ["kept-alive", "new"] as const) await schedule(server.url, stream, signal);
}

/** The clients take turns, so that a machine that slows down slows all of them. */
async function compare(
  url: string,
  connections: number,
  clients: ReadonlyMap<string, Client>,
  signal: AbortSignal,
): Promise<void> {
  const measured = new Map([...clients.keys()].map((name) => [name, [] as Measured[]]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, client] of clients) {
      signal.throwIfAborted();
      measured.get(name)?.push(await client(url, connections, signal));
    }
  console.log(
    `${connections} connections, kept alive; medians of ${ROUNDS} rounds of ${SECONDS} s, lowest and highest behind`,
  );
  const rateOf = (one: Measured): number => (one.requests / one.elapsedMs) * 1000;
  const own = (measured.get("sampler") ?? []).map(rateOf);
  for (const [name, all] of measured) {
    const rates = all.map(rateOf);
    const cpu = median(all.map((one) => (one.cpuMs / one.requests) * 1000));
    const ratio = median(own.map((rate, round) => rate / (rates[round] ?? rate)));
    const beside = name === "sampler" ? "" : `  sampler ${ratio.toFixed(2)} ×`;
    console.log(
      `  ${name.padEnd(10)} ${count(median(rates)).padStart(7)} requests/s (${count(Math.min(...rates))} to ${count(Math.max(...rates))})  CPU ${cpu.toFixed(1)} µs a request${beside}`,
    );
  }
  console.log("");
}

/** How late the sends of a load of 500 a second leave. */
async function schedule(
  url: string,
  stream: "new" | "kept-alive",
  signal: AbortSignal,
): Promise<void> {
  const plan: OpenLoopPlan = {
    mode: "open",
    url,
    ratePerSecond: 500,
    durationMs: 5000,
    streams: [stream],
  };
  await using load = startLoad(outsideVantage(), plan, { signal });
  const { observations, report } = await load.ended;
  const near = observations.filter((one) => Math.abs(one.sentAtMs - one.intendedAtMs) <= 2).length;
  const { p50, p99, max } = report.lateMs;
  console.log(
    `500 a second on ${stream} connections: ${percent(near / report.planned, 2)} of ${report.planned} sends within 2 ms of their time (late by ${p50.toFixed(2)} ms median, ${p99.toFixed(2)} ms p99, ${max.toFixed(2)} ms at most; event loop at most ${report.eventLoopLagMs.toFixed(1)} ms)`,
  );
}

function part(name: string): string {
  return fileURLToPath(new URL(`sampler-parts/${name}.ts`, import.meta.url));
}

async function startServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const child = spawn(process.execPath, [part("server")], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  return {
    url: `http://127.0.0.1:${port.trim()}/`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

function node(which: string): Client {
  return async (url, connections, signal) => {
    const args = [part("client"), which, url, String(connections), String(SECONDS)];
    const { stdout } = await run(process.execPath, args, { signal });
    return JSON.parse(stdout) as Measured;
  };
}

async function hasWrk(): Promise<boolean> {
  return run("wrk", ["--version"]).then(
    () => true,
    (error: { code?: unknown }) => error.code !== "ENOENT",
  );
}

/** One thread, as Node has one; its CPU time as the shell measures it. */
async function wrk(url: string, connections: number, signal: AbortSignal): Promise<Measured> {
  const script = `TIMEFORMAT='cpu %U %S'; time wrk -t 1 -c ${connections} -d ${SECONDS}s ${url}`;
  const { stdout, stderr } = await run("bash", ["-c", script], { signal });
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? [];
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return {
    requests: Number(requests),
    elapsedMs: Number(seconds) * 1000,
    cpuMs: (Number(user) + Number(system)) * 1000,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
