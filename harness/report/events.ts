import type { CheckRecord, LabRecord, Phase, StepRecord } from "./record.ts";
import type { Text } from "./text.ts";

/** One responder's share of the traffic so far. */
export interface Share {
  readonly name: string;
  readonly count: number;
  /** 0 to 1. */
  readonly share: number;
  /** Where the true share lies, at the check's error rate. */
  readonly interval?: readonly [low: number, high: number];
}

/** The traffic of a check while it runs. */
export interface LiveTraffic {
  readonly checkId: string;
  readonly title: string;
  readonly requests: number;
  readonly elapsedMs: number;
  readonly shares: readonly Share[];
  readonly errors: number;
}

/** What a run tells while it runs; every renderer and report is made from these. */
export type LabEvent =
  | {
      readonly type: "lab-start";
      readonly lab: string;
      readonly namespace: string;
      readonly steps: number;
    }
  | {
      readonly type: "phase";
      readonly lab?: string;
      readonly phase: Phase;
      readonly detail: string;
    }
  | {
      readonly type: "step-start";
      readonly lab: string;
      readonly number: number;
      readonly title: Text;
      readonly why?: Text;
      readonly look?: Text;
    }
  | {
      readonly type: "command";
      readonly lab: string;
      readonly command: string;
      /** The text of the manifest that the command applies. */
      readonly manifest?: string;
    }
  | { readonly type: "progress"; readonly lab: string; readonly text: string }
  | { readonly type: "traffic"; readonly lab: string; readonly traffic: LiveTraffic }
  | { readonly type: "check"; readonly lab: string; readonly check: CheckRecord }
  | { readonly type: "step-end"; readonly lab: string; readonly step: StepRecord }
  | { readonly type: "lab-end"; readonly record: LabRecord };

/** Is told everything that happens, in order. Must not throw. */
export type Observer = (event: LabEvent) => void;
