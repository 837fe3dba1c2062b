import type { Outcome } from "./verdict.ts";

/** `1,312` */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `90.1 %` */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A share in points, without what binary fractions add: 0.07 is 7 and not 7.000000000000001. */
export function toPoints(share: number): number {
  return Number((share * 100).toFixed(10));
}

/** `90`, `33.3`: a wanted share in points. */
export function points(share: number): string {
  return String(Number((share * 100).toFixed(1)));
}

/** A bound that is never rounded down: `≤ 1.02 %`. */
export function atMost(share: number): string {
  const scale = share >= 0.001 ? 1e4 : 1e6;
  return `≤ ${String(Number(((Math.ceil(share * scale - 1e-9) / scale) * 100).toFixed(4)))} %`;
}

/** `1e-6`, `0.05` */
export function probability(value: number): string {
  return value < 0.001 ? value.toExponential().replace("+", "") : String(value);
}

/** `1 request`, `12 requests` */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** `PASS`, with what follows in brackets. */
export function outcomeWord(outcome: Outcome, detail?: string): string {
  return detail ? `${outcome.toUpperCase()} (${detail})` : outcome.toUpperCase();
}

/** `10.2 s`, `340 ms` */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
