const factors: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
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

/** The number that a Kubernetes quantity stands for: "64Mi", "250m", "1e3". */
export function parseQuantity(text: string): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkMGTPE]i?|Ki)?$/.exec(text);
  const factor = factors[match?.[2] ?? ""];
  if (!match?.[1] || factor === undefined) throw new Error(`not a quantity: ${text}`);
  return Number(match[1]) * factor;
}

/** The same in thousandths of its unit, rounded up, so that sums stay exact; 0 where there is none. */
export function toThousandths(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : Math.ceil(parseQuantity(String(quantity)) * 1000 - 1e-6);
}

const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** With the largest binary suffix that leaves a whole number: "64Mi". */
export function formatBytes(bytes: number): string {
  let amount = Math.ceil(bytes);
  let suffix = 0;
  while (amount !== 0 && amount % 1024 === 0 && suffix < binary.length - 1) {
    amount /= 1024;
    suffix++;
  }
  return `${amount}${binary[suffix]}`;
}

/** In thousandths where it is no whole number: "250m", "2". */
export function formatCores(cores: number): string {
  const thousandths = Math.round(cores * 1000);
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}
