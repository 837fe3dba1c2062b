import { headerValue } from "../../data-plane/headers.ts";
import type { Exchange, Reply } from "../../data-plane/exchange.ts";

/** Envoy prints a request's flags in this order. */
const flagOrder = ["LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL"];
const laterFlags = ["UAEX", "RLSE", "DC", "URX", "SI", "IH", "DPE", "UMSDR", "UPE", "NC", "OM"];

/** A request's response flags as Envoy prints them: "UF,URX", or "-". */
export function formatFlags(flags: ReadonlySet<string>): string {
  const sorted = [...flagOrder, ...laterFlags].filter((flag) => flags.has(flag));
  return sorted.length === 0 ? "-" : sorted.join(",");
}

// https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
/** One request as Istio's text access log has it. */
export function formatAccessLog(
  exchange: Exchange,
  reply: Reply | undefined,
  nowMs: number,
): string {
  const { facts, downstream, headers } = exchange;
  const path = headerValue(headers, "x-envoy-original-path") ?? facts.originalPath;
  const protocol = exchange.httpVersion === "2" ? "HTTP/2" : `HTTP/${exchange.httpVersion}`;
  return [
    `[${new Date(facts.startedAtMs).toISOString()}]`,
    `"${exchange.method} ${path} ${protocol}"`,
    reply?.status ?? 0,
    formatFlags(facts.flags),
    facts.details ?? "-",
    "-",
    quoted(facts.transportFailure),
    facts.bytesReceived,
    facts.bytesSent,
    Math.round(nowMs - facts.startedAtMs),
    facts.upstreamServiceTimeMs ?? "-",
    quoted(headerValue(headers, "x-forwarded-for")),
    quoted(headerValue(headers, "user-agent")),
    quoted(headerValue(headers, "x-request-id")),
    quoted(exchange.authority),
    quoted(facts.upstreamHost),
    facts.cluster ?? "-",
    facts.upstreamLocalAddress ?? "-",
    `${downstream.localAddress}:${downstream.localPort}`,
    `${downstream.remoteAddress}:${downstream.remotePort}`,
    downstream.serverName ?? "-",
    facts.routeName || "-",
  ].join(" ");
}

function quoted(value: string | undefined): string {
  return `"${value || "-"}"`;
}

/** Collects lines and writes them once a second or when there are many, as Envoy does. */
export class AccessLog {
  readonly #write: (text: string) => void;
  readonly #schedule: (flush: () => void) => void;
  #lines: string[] = [];
  #bytes = 0;
  #isScheduled = false;

  constructor(write: (text: string) => void, schedule: (flush: () => void) => void) {
    this.#write = write;
    this.#schedule = schedule;
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#bytes > 1 << 16) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#schedule(() => this.flush());
  }

  flush(): void {
    this.#isScheduled = false;
    if (this.#lines.length === 0) return;
    this.#write(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
    this.#bytes = 0;
  }
}
