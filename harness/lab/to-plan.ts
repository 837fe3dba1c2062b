import { LabError } from "../errors/lab-error.ts";
import type { ClosedLoopPlan, OpenLoopPlan, RequestPlan } from "../traffic/plan.ts";
import { outside, type RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";

/** A port where nothing listens: requests sent there all fail. */
const deadPort = "1";

/** What of the answers is handed over beside who gave them. @default nothing */
export interface KeepOptions {
  readonly keepHeaders?: boolean;
  readonly keepBody?: boolean;
}

/** What is sent for a description, at this run of the lab. */
async function toRequestPlan(
  context: RunContext,
  description: RequestDescription,
): Promise<RequestPlan> {
  const { protocol, method, headers, timeoutMs } = description;
  const broken = context.options.fault === "all-errors";
  const url = broken ? onDeadPort(description.url) : description.url;
  const body = description.body ?? "";
  return {
    protocol,
    // gRPC is HTTP/2 and plans name it so.
    url: url.replace(/^grpc:/, "http:"),
    ...(protocol === "grpc"
      ? { grpc: { path: `/${method.replace(/^\//, "")}`, message: textField(body) } }
      : { ...(protocol === "tcp" ? {} : { method }), ...(body === "" ? {} : { body }) }),
    ...(headers ? { headers } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(description.from === outside && !broken
      ? { address: await addressFromOutside(context, description) }
      : {}),
  };
}

/** Requests one after the other's answer, for shares. */
export async function toClosedPlan(
  context: RunContext,
  description: RequestDescription,
  keep: KeepOptions = {},
): Promise<ClosedLoopPlan> {
  const { connections = "new", concurrency } = description;
  return {
    ...(await toRequestPlan(context, description)),
    ...keep,
    mode: "closed",
    connections: connections === "kept-alive" ? 1 : connections,
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

/** Requests by the clock, for losses. */
export async function toOpenPlan(
  context: RunContext,
  description: RequestDescription,
  ratePerSecond: number,
): Promise<OpenLoopPlan> {
  const { connections } = description;
  return {
    ...(await toRequestPlan(context, description)),
    mode: "open",
    ratePerSecond,
    ...(connections === undefined
      ? {}
      : { streams: [connections === "new" ? "new" : "kept-alive"] }),
  };
}

/** From outside, a Service's name is where to knock: its NodePort or load balancer stands for it. */
async function addressFromOutside(context: RunContext, description: RequestDescription) {
  const url = new URL(description.url);
  const [name = "", namespace = context.namespace] = (description.through ?? url.hostname).split(
    ".",
  );
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return context.options.cluster.outside({ namespace, name, port });
}

function onDeadPort(url: string): string {
  const match = /^(\w+:\/\/[^/:]+)(?::\d+)?(.*)$/.exec(url);
  if (!match)
    throw new LabError("LAB_USAGE", `"${url}" is no URL`, {
      facts: { expected: "a URL", received: url },
    });
  return `${match[1]}:${deadPort}${match[2]}`;
}

/** A protobuf message whose field 1 is this text, in base64. */
function textField(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length === 0) return "";
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), bytes]).toString("base64");
}
