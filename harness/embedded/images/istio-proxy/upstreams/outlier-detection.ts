import type { Clock } from "../../../../time/clock.ts";
import { parseDurationMs } from "../routing/duration.ts";
import type { TrafficPolicy } from "../routing/istio-types.ts";

interface HostRecord {
  consecutive5xx: number;
  consecutiveGateway: number;
  /** How often it was ejected, which makes each ejection longer. */
  ejections: number;
  ejectedUntilMs: number | undefined;
}

/**
 * Takes endpoints that fail many times in a row out of balancing for a while.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 */
export class OutlierDetection {
  readonly #policy: TrafficPolicy["outlierDetection"];
  readonly #clock: Clock;
  readonly #hosts = new Map<string, HostRecord>();
  #nextSweepMs: number;
  /** As outlier_detection.ejections_enforced_total counts them. */
  ejections = 0;

  constructor(policy: TrafficPolicy["outlierDetection"], clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#nextSweepMs = clock.now() + this.#intervalMs;
  }

  isEjected(host: string): boolean {
    if (!this.#policy) return false;
    this.#sweep();
    return this.#hosts.get(host)?.ejectedUntilMs !== undefined;
  }

  /** Told the status of every answer; a reset or timeout counts as 503 or 504. */
  record(host: string, status: number, hostCount: number): void {
    if (!this.#policy) return;
    const record = this.#recordOf(host);
    if (status < 500) {
      record.consecutive5xx = 0;
      record.consecutiveGateway = 0;
      return;
    }
    record.consecutive5xx += 1;
    record.consecutiveGateway = status >= 502 && status <= 504 ? record.consecutiveGateway + 1 : 0;
    const { consecutive5xxErrors = 5, consecutiveGatewayErrors = 0 } = this.#policy;
    const is5xx = consecutive5xxErrors > 0 && record.consecutive5xx >= consecutive5xxErrors;
    const isGateway =
      consecutiveGatewayErrors > 0 && record.consecutiveGateway >= consecutiveGatewayErrors;
    if (is5xx || isGateway) this.#eject(record, hostCount);
  }

  #eject(record: HostRecord, hostCount: number): void {
    record.consecutive5xx = 0;
    record.consecutiveGateway = 0;
    if (record.ejectedUntilMs !== undefined) return;
    const ejected = [...this.#hosts.values()].filter((host) => host.ejectedUntilMs !== undefined);
    const percent = ((ejected.length + 1) * 100) / Math.max(hostCount, 1);
    if (percent > (this.#policy?.maxEjectionPercent ?? 10)) return;
    record.ejections += 1;
    this.ejections += 1;
    record.ejectedUntilMs = this.#clock.now() + this.#baseMs * record.ejections;
  }

  /** Envoy looks only once an interval who may come back. */
  #sweep(): void {
    const now = this.#clock.now();
    if (now < this.#nextSweepMs) return;
    this.#nextSweepMs = now + this.#intervalMs;
    for (const host of this.#hosts.values()) {
      if (host.ejectedUntilMs !== undefined && host.ejectedUntilMs <= now) {
        host.ejectedUntilMs = undefined;
      }
    }
  }

  #recordOf(host: string): HostRecord {
    let record = this.#hosts.get(host);
    if (!record) {
      record = {
        consecutive5xx: 0,
        consecutiveGateway: 0,
        ejections: 0,
        ejectedUntilMs: undefined,
      };
      this.#hosts.set(host, record);
    }
    return record;
  }

  get #intervalMs(): number {
    return parseDurationMs(this.#policy?.interval ?? "10s") ?? 10_000;
  }

  get #baseMs(): number {
    return parseDurationMs(this.#policy?.baseEjectionTime ?? "30s") ?? 30_000;
  }
}
