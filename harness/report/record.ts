import type { ObjectEvidence } from "../kube/evidence.ts";
import type { Outcome } from "../verdicts/verdict.ts";
import type { Text } from "./text.ts";

/** Where the time of a run goes. */
export const phases = ["cluster", "add-ons", "deploy", "traffic", "cleanup", "other"] as const;
export type Phase = (typeof phases)[number];
export type PhaseTimes = Readonly<Partial<Record<Phase, number>>>;

/** An error as reports carry it. */
export interface ErrorRecord {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
  /** The exit code that a command ending with this error has. */
  readonly exitCode: number;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** How a check made sure that the rule it judges was in force before the first request it counts. */
export interface GateRecord {
  /** What only the new rule can produce. */
  readonly marker: string;
  readonly requests: number;
  readonly durationMs: number;
  /** Who answered meanwhile, and which errors there were. */
  readonly seen: Readonly<Record<string, number>>;
}

/** One judged check of a step. */
export interface CheckRecord {
  /** `2.1`: the first check of the second step. */
  readonly id: string;
  /** The matcher: `toSplit`. */
  readonly matcher: string;
  /** Where from, what, and what was wanted. */
  readonly title: string;
  readonly kind: string;
  readonly outcome: Outcome;
  /** The verdict in one line. */
  readonly summary: string;
  readonly cause?: string;
  readonly requests: number;
  readonly durationMs: number;
  /** What the verdict counted: counts, intervals, error rates. */
  readonly evidence: unknown;
  /** Whether the lab had applied a traffic rule by then. */
  readonly underRule: boolean;
  readonly gate?: GateRecord;
}

export type StepOutcome = "passed" | "failed" | "skipped";

/** What became of one step. */
export interface StepRecord {
  readonly number: number;
  readonly title: Text;
  readonly outcome: StepOutcome;
  readonly durationMs: number;
  readonly checks: readonly CheckRecord[];
  readonly error?: ErrorRecord;
  /** Collected at the failure, before anything was cleaned up. */
  readonly evidence?: readonly ObjectEvidence[];
}

export type LabOutcome = "passed" | "failed" | "skipped" | "interrupted";

/** What became of one lab. */
export interface LabRecord {
  readonly lab: string;
  readonly outcome: LabOutcome;
  /** Why it was skipped or could not begin. */
  readonly reason?: string;
  readonly namespace?: string;
  readonly durationMs: number;
  readonly phases: PhaseTimes;
  readonly steps: readonly StepRecord[];
  /** A failure outside the steps: an add-on, the namespace, the cleanup. */
  readonly error?: ErrorRecord;
}

/** What became of a whole run: the top of `--json`. */
export interface RunRecord {
  readonly format: "kubelab-run/1";
  readonly startedAt: string;
  readonly durationMs: number;
  readonly cluster: { readonly description: string; readonly serverVersion: string };
  readonly outcome: LabOutcome;
  readonly phases: PhaseTimes;
  readonly labs: readonly LabRecord[];
  /** The last lines of the cluster's server, where a lab failed and they can be had. */
  readonly clusterLog?: readonly string[];
}
