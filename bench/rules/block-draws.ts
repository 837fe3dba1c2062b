import { createRandom } from "../../fixtures/misbehave/random.ts";

/** Draws that are made sixteen at a time: how many went to each target, and only on request in which order. */
export interface BlockDraws {
  /** Draws the next block and gives its counts, valid until the next call. */
  next(): Uint8Array;
  /** The block's draws one by one, the same at every call. */
  inOrder(): Uint8Array;
}

/** Draws in a block. */
export const BLOCK = 16;

/** Independent draws of these shares. The order within a block is drawn by a generator of its own. */
export function createBlockDraws(shares: readonly number[], seed: number): BlockDraws {
  const law = blockLaw(shares);
  const pick = createPicker(
    law.map(({ probability }) => probability),
    createRandom(seed),
  );
  const blocks = law.map(({ counts }) => Uint8Array.from(counts));
  const order = new Uint8Array(BLOCK);
  let counts = new Uint8Array(shares.length);
  let drawn = 0;
  return {
    next() {
      drawn++;
      counts = blocks[pick()] ?? counts;
      return counts;
    },
    inOrder() {
      let at = 0;
      counts.forEach((count, target) => {
        order.fill(target, at, at + count);
        at += count;
      });
      shuffle(order, createRandom(Math.imul(drawn ^ seed, 0x9e3779b1)));
      return order;
    },
  };
}

interface BlockLaw {
  readonly counts: readonly number[];
  readonly probability: number;
}

/** All ways in which a block can fall, by the multinomial law. */
function blockLaw(shares: readonly number[]): BlockLaw[] {
  const walk = (target: number, left: number): BlockLaw[] => {
    const share = shares[target] ?? 0;
    if (target === shares.length - 1) return [{ counts: [left], probability: share ** left }];
    return Array.from({ length: left + 1 }, (_, own) =>
      walk(target + 1, left - own).map(({ counts, probability }) => ({
        counts: [own, ...counts],
        probability: choose(left, own) * share ** own * probability,
      })),
    ).flat();
  };
  return walk(0, BLOCK);
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

/** Draws an index in constant time (Vose's alias method). */
function createPicker(law: readonly number[], random: () => number): () => number {
  const size = law.length;
  const keep = Float64Array.from(law, (p) => p * size);
  const alias = new Uint32Array(size);
  const small: number[] = [];
  const large: number[] = [];
  keep.forEach((p, i) => (p < 1 ? small : large).push(i));
  for (let low = small.pop(); low !== undefined; low = small.pop()) {
    const high = large.at(-1);
    if (high === undefined) {
      keep[low] = 1;
      continue;
    }
    alias[low] = high;
    keep[high] = (keep[high] ?? 0) - (1 - (keep[low] ?? 0));
    if ((keep[high] ?? 0) < 1) small.push(large.pop() ?? high);
  }
  for (const high of large) keep[high] = 1;
  return () => {
    const at = random() * size;
    const i = Math.floor(at);
    return at - i < (keep[i] ?? 1) ? i : (alias[i] ?? 0);
  };
}

function shuffle(items: Uint8Array, random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const item = items[i] ?? 0;
    items[i] = items[j] ?? 0;
    items[j] = item;
  }
}
