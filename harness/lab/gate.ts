import type { TargetOf } from "../verdicts/attribution.ts";
import type { GateOptions } from "../verdicts/gate.ts";
import type { Observation } from "../traffic/observation.ts";
import { markerHeader } from "./rule-marker.ts";

/** What must be seen before the first request that counts. */
export interface GateCondition extends GateOptions {
  /** In words, for the report. */
  readonly marker: string;
}

/** A rule's own header: three answers in a row that carry it. */
export function markerCondition(marker: string): GateCondition {
  return {
    marker: "new rule in force",
    shows: (observation) => observation.headers?.[markerHeader] === marker,
    consecutive: 3,
  };
}

/** Answers that the new rule allows, several in a row: for rules that cannot sign their answers. */
export function acceptedCondition(
  words: string,
  accepts: (observation: Observation) => boolean,
): GateCondition {
  return { marker: words, shows: accepts, consecutive: 5 };
}

/**
 * Answers from whom the new rule allows, where others answered before. Several in a row may be luck while the others
 * still get a share, so they must also go on for longer than a node may keep to old endpoints.
 * Kubernetes: kube-proxy's iptables mode writes its rules once a second at most (minSyncPeriod 1s).
 */
export function respondersCondition(
  words: string,
  accepts: (observation: Observation) => boolean,
): GateCondition {
  return { marker: words, shows: accepts, consecutive: 20, lastingMs: 1_200 };
}

/** Every one of the targets has answered. */
export function targetsSeenCondition(
  targets: readonly string[],
  targetOf: TargetOf,
): GateCondition {
  const missing = new Set(targets);
  return {
    marker: `answers from all ${targets.length}`,
    shows: (observation) => {
      missing.delete(targetOf(observation) ?? "");
      return missing.size === 0;
    },
  };
}
