import {
  TestNode,
  type PodProcess,
  type TestPod,
} from "../harness/embedded/network/testing/test-node.ts";

export const about = "connections a second between pods, and what the preload costs at a start";

const connections = 4_000;
const rounds = 5;

const server = (listen: string) => `
import net from "node:net";
net.createServer((socket) => socket.end("x")).listen(${listen}, function () { console.log(this.address().port); });
`;

/** Opens one connection after another, or several side by side, each until its first byte came; says how many a second. */
const client = (host: string, port: number, lanes: number) => `
import net from "node:net";
const once = () => new Promise((resolve, reject) => {
  const socket = net.connect({ host: ${JSON.stringify(host)}, port: ${port} });
  socket.on("error", reject).on("close", resolve).resume();
});
const run = async (count) => {
  const startMs = performance.now();
  await Promise.all(Array.from({ length: ${lanes} }, async () => {
    for (let n = 0; n < count / ${lanes}; n++) await once();
  }));
  return count / ((performance.now() - startMs) / 1000);
};
await run(500);
console.log(Math.round(await run(${connections})));
`;

interface Row {
  readonly what: string;
  readonly lanes: number;
  readonly plain: number;
  readonly pod: number;
}

/** New connections a second from one pod's process to another's through a Service, beside plain loopback. */
export default async function benchNetwork(): Promise<void> {
  await using node = await TestNode.start();
  const web = node.pod("web", "10.244.0.5");
  const caller = node.pod("caller", "10.244.0.6");
  node.service("web", "10.96.0.9", 80, 8080, ["10.244.0.5"]);
  await using inPod = web.run(server("8080"));
  await inPod.next();
  // The same runtime and flags, without the network.
  const off = { env: { NODE_OPTIONS: "", KUBELAB_NETWORK: "" } };
  await using plain = web.run(server("0, '127.0.0.1'"), off);
  const port = await plain.next<number>();
  const rows: Row[] = [];
  for (const lanes of [1, 16])
    rows.push({
      what: lanes === 1 ? "one after another" : `${lanes} side by side`,
      lanes,
      ...(await compare(
        () => caller.run(client("127.0.0.1", port, lanes), off),
        () => caller.run(client("web", 80, lanes)),
      )),
    });
  print(rows, await startCost(caller, off));
}

/** Alternates, so that a machine that slows down slows both; the median of each. */
async function compare(
  plain: () => PodProcess,
  pod: () => PodProcess,
): Promise<{ plain: number; pod: number }> {
  const rates = { plain: [] as number[], pod: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    rates.plain.push(await rateOf(plain()));
    rates.pod.push(await rateOf(pod()));
  }
  return { plain: median(rates.plain), pod: median(rates.pod) };
}

async function rateOf(run: PodProcess): Promise<number> {
  await using running = run;
  return await running.next<number>();
}

/** Milliseconds from start to exit of a program that loads node:http, without and with the preload. */
async function startCost(pod: TestPod, off: object): Promise<{ without: number; with: number }> {
  const time = async (options: object) => {
    const startMs = performance.now();
    await using program = pod.run(`import "node:http";`, options);
    await program.exited;
    return performance.now() - startMs;
  };
  const times = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < 9; round++) {
    times.without.push(await time(off));
    times.with.push(await time({}));
  }
  return { without: median(times.without), with: median(times.with) };
}

function print(rows: readonly Row[], start: { without: number; with: number }): void {
  console.log("new connections a second      plain    pod network   share");
  for (const { what, plain, pod } of rows)
    console.log(
      `${what.padEnd(24)} ${String(plain).padStart(10)} ${String(pod).padStart(14)} ${`${Math.round((100 * pod) / plain)} %`.padStart(7)}`,
    );
  console.log(
    `start of a program that loads node:http: ${start.without.toFixed(0)} ms, with the preload ${start.with.toFixed(0)} ms`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}
