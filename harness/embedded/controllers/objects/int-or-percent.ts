/** A count as `2`, or a share as `"25%"` of `total` rounded up or down. */
export function scaledValue(
  value: number | string | undefined,
  total: number,
  round: "up" | "down",
): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value);
  if (!percent) throw new Error(`invalid value for IntOrString: ${JSON.stringify(value)}`);
  const share = (Number(percent[1]) * total) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}

/** maxSurge and maxUnavailable in pods; both zero would stand still, so then one may be unavailable. */
export function resolveFenceposts(
  maxSurge: number | string | undefined,
  maxUnavailable: number | string | undefined,
  desired: number,
): { readonly surge: number; readonly unavailable: number } {
  const surge = scaledValue(maxSurge, desired, "up");
  const unavailable = scaledValue(maxUnavailable, desired, "down");
  // Kubernetes: validation refuses 0 and 0, but a percentage may round down to it.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
