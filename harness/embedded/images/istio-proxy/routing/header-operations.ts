import type { HeaderMap } from "../../data-plane/exchange.ts";
import { addHeader } from "../../data-plane/headers.ts";
import type { HeaderOperations } from "./istio-types.ts";

/** Applies `set`, `add` and `remove` to headers; answers the authority where the operations set one. */
export function applyHeaderOperations(
  headers: HeaderMap,
  operations: HeaderOperations | undefined,
): string | undefined {
  if (!operations) return undefined;
  let authority: string | undefined;
  for (const name of operations.remove ?? []) delete headers[name.toLowerCase()];
  for (const [given, value] of Object.entries(operations.set ?? {})) {
    const name = given.toLowerCase();
    if (name === "host" || name === ":authority") authority = value;
    else headers[name] = value;
  }
  for (const [name, value] of Object.entries(operations.add ?? {})) {
    addHeader(headers, name.toLowerCase(), value);
  }
  return authority;
}
