import { pipeline } from "node:stream/promises";
import type { Pod } from "kubernetes-types/core/v1";
import type { LogOptions, NodeAgent } from "../../node-agent.ts";
import { badRequest } from "../errors/api-errors.ts";
import { commonHeaders, type Exchange } from "../http/answer.ts";
import { isTrue } from "../http/resource-path.ts";
import { chooseContainer } from "./stream-request.ts";

/** GET pods/log: the container's log, to its end or as it grows. */
export async function sendPodLogs(exchange: Exchange, agent: NodeAgent, pod: Pod): Promise<void> {
  const { query, response } = exchange;
  const { namespace, name = "" } = pod.metadata ?? {};
  const container = chooseContainer(pod, query.get("container"));
  if (!pod.spec?.nodeName) return exchange.send(200, "", "text/plain");
  const gone = new AbortController();
  response.on("close", () => gone.abort(new Error("the client has gone")));
  const options = { ...logOptions(query), container, signal: gone.signal };
  const log = await agent.logs({ namespace, name }, options);
  response.writeHead(200, commonHeaders("text/plain"));
  // Without this a client that follows a silent container would not learn that the log is open.
  response.flushHeaders();
  await pipeline(log, response).catch((error: unknown) => {
    if (!gone.signal.aborted) throw error;
  });
}

function logOptions(query: URLSearchParams): LogOptions {
  return {
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    tailLines: numberOf(query, "tailLines"),
    sinceSeconds: numberOf(query, "sinceSeconds"),
    sinceTime: query.get("sinceTime") ?? undefined,
    limitBytes: numberOf(query, "limitBytes"),
  };
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw badRequest(
    `${name} must be a whole number that is not negative, got ${JSON.stringify(text)}`,
  );
}
