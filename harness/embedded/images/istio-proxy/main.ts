import { systemClock } from "../../../time/clock.ts";
import { createInClusterClient } from "../../http-client.ts";
import { runGateway } from "./gateway.ts";
import { readProxySettings } from "./proxy-environment.ts";
import { runSidecar } from "./sidecar.ts";

// As istio's image: `proxy sidecar` or `proxy router`.
const [command, role] = process.argv.slice(2);
const log = (message: string): void => void process.stdout.write(`${message}\n`);

if (command !== "proxy" || (role !== "sidecar" && role !== "router")) {
  process.stderr.write(`unknown command "${process.argv.slice(2).join(" ")}" for "pilot-agent"\n`);
  process.exit(1);
}
const options = {
  client: createInClusterClient(),
  settings: readProxySettings(process.env),
  clock: systemClock,
  signal: new AbortController().signal,
  log,
};
await (role === "sidecar" ? runSidecar(options) : runGateway(options));
