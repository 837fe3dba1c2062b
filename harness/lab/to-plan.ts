import { textField } from "../../fixtures/client/text-field.ts";
import { LabError } from "../errors/lab-error.ts";
import type { ClosedLoopPlan, OpenLoopPlan, RequestPlan } from "../traffic/plan.ts";
import { argumentMust, countMustBeWhole } from "../verdicts/arguments.ts";
import { outside, type RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";

const urlParts = /^(\w+:\/\/)([^/:]+)((?::\d+)?.*)$/;

/** The URL with another host; not by `URL`, which knows no hosts in the schemes of gRPC and TCP. */
function withHost(url: string, change: (host: string) => string): string {
  const match = urlParts.exec(url);
  if (!match)
    throw new LabError("LAB_USAGE", `"${url}" is no URL`, {
      facts: { expected: "a URL", received: url },
    });
  return `${match[1]}${change(match[2] ?? "")}${match[3]}`;
}

function withOwnHost(context: RunContext, headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      name.toLowerCase() === "host" ? context.names.hostOf(value) : value,
    ]),
  );
}

/** Nothing listens there, neither on this machine nor in a pod: requests sent to it all fail. */
const nowhere = { host: "127.0.0.1", port: 1 };

/** What of the answers is handed over beside who gave them. @default nothing */
export interface KeepOptions {
  readonly keepHeaders?: boolean;
  readonly keepBody?: boolean;
}

const schemes: Readonly<Record<RequestDescription["protocol"], RegExp>> = {
  http: /^https?:\/\//,
  http2: /^https?:\/\//,
  grpc: /^grpc:\/\//,
  tcp: /^tcp:\/\//,
};

/** Throws where a description is of requests that nobody can send. */
function requestMustBePossible(description: RequestDescription): void {
  const { protocol, url, headers = {}, timeoutMs = 1, concurrency = 1 } = description;
  const connections = typeof description.connections === "number" ? description.connections : 1;
  const scheme = protocol.replace("http2", "http");
  argumentMust(schemes[protocol].test(url), "url", `one that begins with ${scheme}://`, url);
  argumentMust(timeoutMs > 0 && timeoutMs < Infinity, "timeoutMs", "above 0", timeoutMs);
  countMustBeWhole("connections", connections, 1);
  countMustBeWhole("concurrency", concurrency, 1);
  if (description.connections !== undefined && description.connections !== "new")
    argumentMust(
      protocol === "http2" || protocol === "grpc" || concurrency <= connections,
      "concurrency",
      `at most the ${connections} connections, as each carries one request at a time`,
      concurrency,
    );
  for (const [name, value] of Object.entries(headers))
    argumentMust(!/[\r\n]/.test(name + value), name, "a header of one line", JSON.stringify(value));
}

/** What is sent for a description, at this run of the lab. */
async function toRequestPlan(
  context: RunContext,
  description: RequestDescription,
): Promise<RequestPlan> {
  requestMustBePossible(description);
  const { protocol, method, headers, timeoutMs } = description;
  const url = withHost(description.url, (host) => context.names.hostOf(host));
  const body = description.body ?? "";
  return {
    protocol,
    // gRPC is HTTP/2 and plans name it so.
    url: url.replace(/^grpc:/, "http:"),
    ...(protocol === "grpc"
      ? { grpc: { path: `/${method.replace(/^\//, "")}`, message: textField(body) } }
      : { ...(protocol === "tcp" ? {} : { method }), ...(body === "" ? {} : { body }) }),
    ...(headers ? { headers: withOwnHost(context, headers) } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(await addressOf(context, description)),
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

const outsideWithinMs = 10_000;

/** Where to connect, where that is not what the URL says. */
async function addressOf(context: RunContext, description: RequestDescription) {
  if (context.options.fault === "all-errors") return { address: nowhere };
  if (description.from !== outside) return {};
  if (description.at) return { address: description.at };
  return { address: await addressFromOutside(context, description) };
}

/** From outside, a Service's name is where to knock: its NodePort or load balancer stands for it. */
async function addressFromOutside(context: RunContext, description: RequestDescription) {
  const url = new URL(description.url);
  const [name = "", namespace = context.namespace] = (description.through ?? url.hostname).split(
    ".",
  );
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const until = context.clock.now() + outsideWithinMs;
  for (;;) {
    try {
      return await context.options.cluster.outside({ namespace, name, port });
    } catch (error) {
      const late = context.clock.now() >= until;
      if (late || !(await mayOpen(context, error, namespace, name))) throw error;
      await context.clock.sleep(100, context.signal);
    }
  }
}

/** Whether a Service without a way in gets one in a moment: its address is given after it is created. */
async function mayOpen(context: RunContext, error: unknown, namespace: string, name: string) {
  if (!(error instanceof LabError) || error.code !== "SERVICE_NOT_OUTSIDE") return false;
  const path = `/api/v1/namespaces/${namespace}/services/${name}`;
  const service = await context.kube.api.request<{ spec?: { type?: string } }>("GET", path);
  return service.spec?.type === "NodePort" || service.spec?.type === "LoadBalancer";
}
