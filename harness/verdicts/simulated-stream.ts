import { createRandom } from "../../fixtures/misbehave/random.ts";
import type { ErrorClass, Observation } from "../traffic/observation.ts";

/** The seed of this process's simulations: KUBELAB_SEED, or a new one each time. */
export function simulationSeed(): number {
  const given = process.env["KUBELAB_SEED"];
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
}

/** Draws an index with these probabilities. */
export function createDraw(shares: readonly number[], seed: number): () => number {
  const random = createRandom(seed);
  return () => {
    let left = random();
    for (let i = 0; i < shares.length - 1; i++) {
      left -= shares[i] ?? 0;
      if (left < 0) return i;
    }
    return shares.length - 1;
  };
}

/** An answer by a version's first pod unless said otherwise, one every 10 ms. */
export function answered(
  sequence: number,
  version: string,
  fields: Partial<Observation> = {},
): Observation {
  const atMs = sequence * 10;
  return {
    sequence,
    intendedAtMs: atMs,
    sentAtMs: atMs,
    durationMs: 2,
    connection: sequence,
    status: 200,
    responder: { app: "logic", version, pod: `logic-${version}-0` },
    ...fields,
  };
}

/** A request that failed. */
export function failed(
  sequence: number,
  error: ErrorClass,
  fields: Partial<Observation> = {},
): Observation {
  const { responder: _responder, status: _status, ...rest } = answered(sequence, "");
  return { ...rest, error, ...fields };
}

/** Endless independent answers; a share named after an error class is that error. */
export function* stream(
  shares: Readonly<Record<string, number>>,
  seed: number,
): Generator<Observation> {
  const names = Object.keys(shares);
  const draw = createDraw(Object.values(shares), seed);
  for (let sequence = 0; ; sequence++) {
    const name = names[draw()] ?? "";
    yield name === "5xx" || name === "refused" || name === "reset"
      ? failed(sequence, name, name === "5xx" ? { status: 503, origin: "envoy" } : {})
      : answered(sequence, name);
  }
}

/** The first answers of a stream. */
export function take(observations: Iterable<Observation>, count: number): Observation[] {
  return Iterator.from(observations).take(count).toArray();
}
