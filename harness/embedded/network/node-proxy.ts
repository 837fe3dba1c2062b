import { once } from "node:events";
import { createInterface } from "node:readline";
import { startNodeNetwork } from "./node.ts";
import type { ProxyConfig } from "./proxy-process.ts";

/** The node proxy's process: told what to do on standard input, and ends when that ends. */
async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  const [line] = (await once(lines, "line")) as [string];
  const config = JSON.parse(line) as ProxyConfig;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  lines.once("close", stop);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, stop);
  await startNodeNetwork({ ...config, apiServer: { host: "127.0.0.1", port: 1 } });
  process.stdout.write("ready\n");
  if (!stopped.signal.aborted) await once(stopped.signal, "abort");
}

await main();
process.exit();
