import { isIP } from "node:net";
import type { FieldErrors } from "../errors/field-errors.ts";

const wrongAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

/** Refuses what is no IP address; answers whether it is one. */
export function checkAddress(field: string, address: string, errors: FieldErrors): boolean {
  if (isIP(address) !== 0) return true;
  errors.invalid(field, address, wrongAddress);
  return false;
}

const special: readonly (readonly [RegExp, string])[] = [
  [/^(0\.0\.0\.0|::)$/, "may not be unspecified (0.0.0.0 or ::)"],
  [/^(127\.|::1$)/, "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
  [/^(169\.254\.|fe[89ab])/i, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
  [
    /^(224\.0\.0\.|ff02:)/i,
    "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
  ],
];

/** Refuses addresses that no other machine could be reached at. */
export function checkReachable(field: string, address: string, errors: FieldErrors): void {
  if (!checkAddress(field, address, errors)) return;
  for (const [pattern, why] of special) {
    if (pattern.test(address)) errors.invalid(field, address, why);
  }
}
