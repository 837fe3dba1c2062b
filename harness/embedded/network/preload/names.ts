import dns from "node:dns";
import net from "node:net";
import type { Control } from "../control.ts";
import { lookupError } from "./errors.ts";
import { installQueries } from "./queries.ts";

type Callback = (error: Error | null, ...results: unknown[]) => void;
type LookupOptions = dns.LookupOptions;
type AnyFunction = (this: unknown, ...args: never[]) => unknown;

/** Makes node:dns answer for the cluster's names; all others go to the machine's resolver. */
export function installNames(control: Control): void {
  const original = dns.lookup as unknown as AnyFunction;
  const originalPromise = dns.promises.lookup as unknown as AnyFunction;

  function find(
    name: string,
    options: LookupOptions,
    outside: (name: string) => void,
    done: Callback,
  ) {
    control.ask({ op: "lookup", name }, (reply) => {
      if (reply.outside !== undefined) return outside(reply.outside);
      const addresses = (reply.addresses ?? []).filter(() => isIPv4Wanted(options));
      const code = reply.failures?.[0]?.code ?? "ENOTFOUND";
      if (addresses.length === 0) return done(lookupError(toLookupCode(code), name));
      if (options.all)
        done(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        );
      else done(null, addresses[0], 4);
    });
  }

  const lookup = function (this: unknown, name: string, ...rest: unknown[]): unknown {
    const callback = rest.at(-1) as Callback;
    const options = toLookupOptions(rest.length > 1 ? rest[0] : {});
    if (typeof callback !== "function" || !isName(name))
      return original.apply(this, [name, ...rest] as never[]);
    const outside = (real: string) => void original.apply(this, [real, ...rest] as never[]);
    find(name, options, outside, callback);
    return {};
  };
  dns.lookup = Object.assign(lookup, original) as unknown as typeof dns.lookup;

  dns.promises.lookup = function (name: string, given?: unknown) {
    const options = toLookupOptions(given);
    if (!isName(name)) return originalPromise.apply(dns.promises, [name, given] as never[]);
    return new Promise((resolve, reject) => {
      const outside = (real: string) =>
        resolve(originalPromise.apply(dns.promises, [real, given] as never[]));
      find(name, options, outside, (error, found, family) => {
        if (error) reject(error);
        else resolve(options.all ? found : { address: found, family });
      });
    });
  } as unknown as typeof dns.promises.lookup;

  installQueries(control);
}

function toLookupOptions(given: unknown): LookupOptions {
  if (typeof given === "number") return { family: given };
  return typeof given === "object" && given !== null ? given : {};
}

function isIPv4Wanted({ family }: LookupOptions): boolean {
  return family !== 6 && family !== "IPv6";
}

const isName = (name: unknown): name is string =>
  typeof name === "string" && name !== "" && name !== "localhost" && net.isIP(name) === 0;

/** The node proxy being away is a temporary failure of name resolution. */
const toLookupCode = (code: string): string => (code === "ENETUNREACH" ? "EAI_AGAIN" : code);
