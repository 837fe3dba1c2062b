import type { Exchange, Reply } from "../data-plane/exchange.ts";
import { isGrpc } from "../data-plane/local-reply.ts";
import type { MeshSnapshot, MeshWorkload } from "./routing/model.ts";
import { formatFlags } from "./stages/access-log.ts";

// https://istio.io/latest/docs/reference/config/metrics/
const bucketsMs = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

interface Series {
  requests: number;
  durationSumMs: number;
  readonly durations: number[];
}

/** Istio's standard metrics of the requests that a proxy handled, as Prometheus reads them. */
export class RequestMetrics {
  readonly #own: MeshWorkload;
  readonly #series = new Map<string, Series>();

  constructor(own: MeshWorkload) {
    this.#own = own;
  }

  record(
    exchange: Exchange,
    reply: Reply | undefined,
    snapshot: MeshSnapshot,
    nowMs: number,
  ): void {
    const labels = this.#labelsOf(exchange, reply, snapshot);
    let series = this.#series.get(labels);
    if (!series) {
      series = { requests: 0, durationSumMs: 0, durations: bucketsMs.map(() => 0) };
      this.#series.set(labels, series);
    }
    const durationMs = nowMs - exchange.facts.startedAtMs;
    series.requests += 1;
    series.durationSumMs += durationMs;
    for (const [index, bound] of bucketsMs.entries()) {
      if (durationMs <= bound) series.durations[index] = (series.durations[index] ?? 0) + 1;
    }
  }

  /** Prometheus text. */
  print(): string {
    const name = "istio_request_duration_milliseconds";
    const lines = ["# TYPE istio_requests_total counter"];
    for (const [labels, { requests }] of this.#series) {
      lines.push(`istio_requests_total{${labels}} ${requests}`);
    }
    lines.push(`# TYPE ${name} histogram`);
    for (const [labels, { requests, durations, durationSumMs }] of this.#series) {
      for (const [index, bound] of bucketsMs.entries()) {
        lines.push(`${name}_bucket{${labels},le="${bound}"} ${durations[index]}`);
      }
      lines.push(`${name}_bucket{${labels},le="+Inf"} ${requests}`);
      lines.push(`${name}_sum{${labels}} ${durationSumMs}`, `${name}_count{${labels}} ${requests}`);
    }
    return `${lines.join("\n")}\n`;
  }

  #labelsOf(exchange: Exchange, reply: Reply | undefined, snapshot: MeshSnapshot): string {
    const { facts, downstream } = exchange;
    const isInbound = facts.cluster?.startsWith("inbound|") ?? false;
    const peerIp = isInbound ? downstream.remoteAddress : facts.upstreamHost?.split(":")[0];
    const peer = snapshot.workloads.get(peerIp ?? "");
    const source = isInbound ? peer : this.#own;
    const destination = isInbound ? this.#own : peer;
    const host = destinationHost(exchange, snapshot, isInbound ? this.#own.namespace : undefined);
    const [serviceName = "unknown", serviceNamespace = "unknown"] = host.split(".");
    const isMutual = downstream.peerIdentity !== undefined;
    return format({
      reporter: isInbound ? "destination" : "source",
      ...workloadLabels("source", source),
      ...workloadLabels("destination", destination),
      destination_service: host,
      destination_service_name: host.includes(".svc.") ? serviceName : host,
      destination_service_namespace: host.includes(".svc.") ? serviceNamespace : "unknown",
      request_protocol: isGrpc(exchange) ? "grpc" : "http",
      response_code: String(reply?.status ?? 0),
      grpc_response_status: grpcStatus(exchange, reply),
      response_flags: formatFlags(facts.flags),
      connection_security_policy: isInbound ? (isMutual ? "mutual_tls" : "none") : "unknown",
    });
  }
}

/** The Service's full name; for what has none, the cluster's: PassthroughCluster, BlackHoleCluster. */
function destinationHost(
  exchange: Exchange,
  snapshot: MeshSnapshot,
  inboundNamespace: string | undefined,
): string {
  const { cluster } = exchange.facts;
  if (cluster?.startsWith("outbound|")) return cluster.split("|")[3] ?? "unknown";
  if (inboundNamespace === undefined) return cluster ?? "unknown";
  const name = exchange.authority.replace(/:\d+$/, "");
  const names = [name, `${name}.svc.${snapshot.domain}`, `${name}.${snapshot.domain}`];
  const candidates = [...names, `${name}.${inboundNamespace}.svc.${snapshot.domain}`];
  return candidates.find((candidate) => snapshot.services.has(candidate)) ?? name;
}

function grpcStatus(exchange: Exchange, reply: Reply | undefined): string {
  if (!isGrpc(exchange)) return "";
  const status = reply?.headers["grpc-status"] ?? reply?.trailers?.()?.["grpc-status"];
  return String(status ?? "");
}

function workloadLabels(
  side: "source" | "destination",
  workload: MeshWorkload | undefined,
): Record<string, string> {
  const { name, namespace, labels, principal } = workload ?? {};
  return {
    [`${side}_workload`]: name ?? "unknown",
    [`${side}_workload_namespace`]: namespace ?? "unknown",
    [`${side}_principal`]: principal ?? "unknown",
    [`${side}_app`]: labels?.["app"] ?? "unknown",
    [`${side}_version`]: labels?.["version"] ?? "unknown",
    [`${side}_canonical_service`]: labels?.["service.istio.io/canonical-name"] ?? name ?? "unknown",
    [`${side}_canonical_revision`]: labels?.["service.istio.io/canonical-revision"] ?? "latest",
    [`${side}_cluster`]: "Kubernetes",
  };
}

function format(labels: Readonly<Record<string, string>>): string {
  const escape = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(",");
}
