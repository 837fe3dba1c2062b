const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/** The quantity as Kubernetes writes it ("0.5" → "500m", "1024Mi" → "1Gi"); undefined where it is none. */
export function canonicalQuantity(text: string): string | undefined {
  const parsed = pattern.exec(text);
  if (!parsed) return undefined;
  const [, sign = "", number = "0", suffix = "", exponent] = parsed;
  const minus = sign === "-" ? "-" : "";
  if (suffix.endsWith("i")) return minus + binary(number, suffix);
  const power =
    exponent === undefined ? (decimalSuffixes.indexOf(suffix) - 3) * 3 : Number(exponent);
  const value = decimal(number, power);
  return value === "0" ? "0" : minus + value;
}

/** Moves the point until the number is whole, by steps of a thousand. */
function decimal(number: string, power: number): string {
  const [whole = "", fraction = ""] = number.split(".");
  let exponent = power - fraction.length;
  let digits = BigInt(`${whole}${fraction}` || "0");
  if (digits === 0n) return "0";
  while (digits % 10n === 0n) {
    digits /= 10n;
    exponent += 1;
  }
  // Nothing is smaller than a billionth; Kubernetes rounds up.
  while (exponent < -9) {
    digits = (digits + 9n) / 10n;
    exponent += 1;
  }
  while (exponent % 3 !== 0 || exponent > 18) {
    digits *= 10n;
    exponent -= 1;
  }
  return `${digits}${decimalSuffixes[exponent / 3 + 3] ?? ""}`;
}

function binary(number: string, suffix: string): string {
  let index = binarySuffixes.indexOf(suffix);
  const [whole = "", fraction = ""] = number.split(".");
  const scale = 10n ** BigInt(fraction.length);
  let bytes = (BigInt(`${whole}${fraction}` || "0") * 1024n ** BigInt(index)) / scale;
  if (bytes === 0n) return "0";
  for (index = 0; bytes % 1024n === 0n && index < binarySuffixes.length - 1; index++)
    bytes /= 1024n;
  return `${bytes}${binarySuffixes[index] ?? ""}`;
}

/** Negative, zero or positive, as the first quantity is less than, equal to or more than the second. */
export function compareQuantities(first: string, second: string): number {
  return toNumber(first) - toNumber(second);
}

function toNumber(text: string): number {
  const [, sign, number = "0", suffix = "", exponent] = pattern.exec(text) ?? [];
  const scale = suffix.endsWith("i")
    ? 1024 ** binarySuffixes.indexOf(suffix)
    : 10 ** (exponent === undefined ? (decimalSuffixes.indexOf(suffix) - 3) * 3 : Number(exponent));
  return Number(number) * scale * (sign === "-" ? -1 : 1);
}
