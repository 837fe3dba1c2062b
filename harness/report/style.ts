import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Colours text, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string;

/** Colours where the terminal takes them and NO_COLOR is not set. */
export function createPaint(colours: boolean): Paint {
  return colours
    ? (format, text) => styleText(format, text, { validateStream: false })
    : (_, text) => text;
}

/** Whether a stream takes colours: a terminal that was not told otherwise. */
export function takesColours(stream: { readonly isTTY?: boolean }, env = process.env): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"] && env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** `1.2 s`, `340 ms` */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `1,312` */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
