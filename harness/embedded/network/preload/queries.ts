import dns from "node:dns";
import type { Control } from "../control.ts";
import type { Reply } from "../wire.ts";
import { queryError } from "./errors.ts";

type Callback = (error: Error | null, result?: unknown) => void;
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Query types by function; the cluster's DNS has A and SRV records, for other types a name is empty. */
const queryTypes: Readonly<Record<string, string>> = {
  resolve: "A",
  resolve4: "A",
  resolve6: "AAAA",
  resolveAny: "ANY",
  resolveCaa: "CAA",
  resolveCname: "CNAME",
  resolveMx: "MX",
  resolveNaptr: "NAPTR",
  resolveNs: "NS",
  resolvePtr: "PTR",
  resolveSoa: "SOA",
  resolveSrv: "SRV",
  resolveTlsa: "TLSA",
  resolveTxt: "TXT",
};

/** Makes the DNS queries of node:dns answer for the cluster's names, which need to be complete: no search domains. */
export function installQueries(control: Control): void {
  replaceEach(
    [dns, dns.Resolver.prototype],
    (original, type) =>
      function (this: unknown, ...args: unknown[]) {
        const done = args.at(-1) as Callback;
        const pass = () => original.apply(this, args);
        if (typeof args[0] !== "string" || typeof done !== "function") return pass();
        query(control, args, type, pass, done);
        return {};
      },
  );
  replaceEach(
    [dns.promises, dns.promises.Resolver.prototype],
    (original, type) =>
      function (this: unknown, ...args: unknown[]) {
        if (typeof args[0] !== "string") return original.apply(this, args);
        return new Promise((resolve, reject) => {
          const pass = () => resolve(original.apply(this, args));
          query(control, args, type, pass, (error, found) =>
            error ? reject(error) : resolve(found),
          );
        });
      },
  );
}

function replaceEach(
  holders: readonly object[],
  replace: (original: Method, type: string) => Method,
): void {
  for (const holder of holders as Record<string, Method>[])
    for (const [name, type] of Object.entries(queryTypes)) {
      const original = holder[name];
      if (original) holder[name] = replace(original, type);
    }
}

function query(
  control: Control,
  [name, option]: readonly unknown[],
  methodType: string,
  pass: () => unknown,
  done: Callback,
): void {
  const type = typeof option === "string" ? option : methodType;
  control.ask({ op: "query", name: String(name), type }, (reply) => {
    const code = reply.failures?.[0]?.code;
    if (reply.outside !== undefined) pass();
    else if (code) done(queryError(code, `query${capitalized(type)}`, String(name)));
    else done(null, answerOf(type, reply, option));
  });
}

function answerOf(type: string, { records, addresses = [] }: Reply, option: unknown): unknown {
  if (type === "SRV") return records ?? [];
  if (type === "ANY") return addresses.map((address) => ({ type: "A", address, ttl: 5 }));
  const isTtlWanted = (option as { ttl?: boolean } | undefined)?.ttl === true;
  return isTtlWanted ? addresses.map((address) => ({ address, ttl: 5 })) : addresses;
}

/** As Node writes syscalls: queryA, queryAaaa, querySrv. */
const capitalized = (type: string): string => type.charAt(0) + type.slice(1).toLowerCase();
