const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity ("100m", "64Mi", "1e3") in thousandths of its unit, so that sums stay exact. */
export function toThousandths(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0;
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?\d+)?)([numkMGTPE]?|[KMGTPE]i)$/.exec(String(quantity));
  const factor = factors[match?.[2] ?? ""];
  if (!match || factor === undefined)
    throw new Error(`quantity ${JSON.stringify(quantity)} is not valid`);
  return Math.ceil(Number(match[1]) * factor * 1000 - 1e-6);
}
