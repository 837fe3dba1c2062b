import { type LabOutcome, type LabRecord, type Phase, phases, type RunRecord } from "./record.ts";

export interface RunRecordOptions {
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly cluster: { readonly description: string; readonly serverVersion: string };
  /** How long the cluster took to start and to stop. */
  readonly clusterMs: number;
  readonly stopMs: number;
  readonly labs: readonly LabRecord[];
}

/** Puts a run's labs together: one outcome, and the time by phase. */
export function toRunRecord(options: RunRecordOptions): RunRecord {
  const { cluster, labs, durationMs } = options;
  const sum = (phase: Phase) => labs.reduce((total, lab) => total + (lab.phases[phase] ?? 0), 0);
  const times = Object.fromEntries(phases.map((phase) => [phase, sum(phase)])) as Record<
    Phase,
    number
  >;
  return {
    format: "kubelab-run/1",
    startedAt: options.startedAt.toISOString(),
    durationMs,
    cluster: { description: cluster.description, serverVersion: cluster.serverVersion },
    outcome: worst(labs.map((lab) => lab.outcome)),
    phases: { ...times, cluster: options.clusterMs, cleanup: times.cleanup + options.stopMs },
    labs,
  };
}

function worst(outcomes: readonly LabOutcome[]): LabOutcome {
  const order: readonly LabOutcome[] = ["interrupted", "failed", "passed", "skipped"];
  return order.find((outcome) => outcomes.includes(outcome)) ?? "interrupted";
}
