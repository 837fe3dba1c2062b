import type { Observation } from "../traffic/observation.ts";
import type { Verdict } from "./verdict.ts";

/** Judges observations as they come. */
export interface Judge<V extends Verdict = Verdict> {
  /** Takes the next observation; those after the verdict are not counted. */
  add(observation: Observation): void;
  /** The verdict, as soon as there is one. */
  verdict(): V | undefined;
  /** Ends the judging: the verdict, or INCONCLUSIVE with the reason why no more observations came. */
  conclude(why?: string): V;
}

/** Judges a stream that is already complete. */
export function judgeAll<V extends Verdict>(
  judge: Judge<V>,
  observations: Iterable<Observation>,
  why?: string,
): V {
  for (const observation of observations) {
    judge.add(observation);
    const verdict = judge.verdict();
    if (verdict) return verdict;
  }
  return judge.conclude(why);
}
