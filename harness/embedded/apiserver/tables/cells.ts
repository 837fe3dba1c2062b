import type { KubeObject } from "../../resource.ts";
import type { Column } from "../kinds/kind.ts";

/** The object's name. */
export const nameColumn: Column<KubeObject> = {
  name: "Name",
  type: "string",
  format: "name",
  cell: ({ metadata }) => metadata?.name ?? "",
};

/** How long ago the object was made. */
export const ageColumn: Column<KubeObject> = {
  name: "Age",
  type: "string",
  cell: ({ metadata }, nowMs) => sinceText(metadata?.creationTimestamp, nowMs),
};

/** A duration since a time, or "<unknown>". */
export function sinceText(timestamp: string | null | undefined, nowMs: number): string {
  if (!timestamp) return "<unknown>";
  return humanDuration(nowMs - Date.parse(timestamp));
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration as kubectl writes it: 45s, 3m12s, 10m, 2h5m, 3d4h, 2y10d. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * minute) return `${seconds}s`;
  if (seconds < 10 * minute) return parts(seconds, minute, "m", 1, "s");
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`;
  if (seconds < 8 * hour) return parts(seconds, hour, "h", minute, "m");
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`;
  if (seconds < 8 * day) return parts(seconds, day, "d", hour, "h");
  if (seconds < 730 * day) return `${Math.floor(seconds / day)}d`;
  if (seconds < 2920 * day) return parts(seconds, 365 * day, "y", day, "d");
  return `${Math.floor(seconds / (365 * day))}y`;
}

function parts(seconds: number, big: number, bigUnit: string, small: number, unit: string): string {
  const rest = Math.floor((seconds % big) / small);
  return `${Math.floor(seconds / big)}${bigUnit}${rest > 0 ? `${rest}${unit}` : ""}`;
}

/** Labels as `a=b,c=d`, in the order of their keys. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0
    ? "<none>"
    : entries.map(([key, value]) => `${key}=${value}`).join(",");
}

/** At most three values and how many more there are. */
export function firstThree(values: readonly string[], none: string): string {
  if (values.length === 0) return none;
  const more = values.length - 3;
  const shown = values.slice(0, 3).join(",");
  return more > 0 ? `${shown} + ${more} more...` : shown;
}
