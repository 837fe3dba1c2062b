import { resolve } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";

/**
 * `nslookup [-type=a|aaaa|srv] HOST [SERVER]` as busybox 1.37 does it: A and AAAA by default, the search domains only for
 * a name without a dot, whatever `ndots` says.
 * https://git.busybox.net/busybox/tree/networking/nslookup.c?h=1_37_stable
 */
const types = ["A", "AAAA", "SRV"] as const;
type Type = (typeof types)[number];

interface Query {
  readonly name: string;
  readonly type: Type;
}

/** What busybox calls the errors of node:dns. A name without records of this type is no error and prints nothing. */
const errorNames: Readonly<Record<string, string>> = {
  ENOTFOUND: "NXDOMAIN",
  ESERVFAIL: "SERVFAIL",
  EREFUSED: "REFUSED",
  EFORMERR: "FORMERR",
  ENOTIMP: "NOTIMP",
};

function fail(text: string): never {
  process.stderr.write(`nslookup: ${text}\n`);
  process.exit(1);
}

const words = process.argv.slice(2);
const options = words.filter((word) => word.startsWith("-"));
const [host, server, ...tooMany] = words.filter((word) => !word.startsWith("-"));
if (host === undefined || tooMany.length > 0)
  fail("usage: nslookup [-type=QUERY_TYPE] HOST [DNS_SERVER]");
if (isIP(host) !== 0) fail(`${host}: looking up the name of an address is not built`);

const asked = options.map((option): Type => {
  const [, text] = /^-(?:type|querytype|q)=(.*)$/.exec(option) ?? fail(`${option} is not built`);
  const type = types.find((one) => one.toLowerCase() === text?.toLowerCase());
  return type ?? fail(`query type "${text}" is not built, those are: ${types.join(", ")}`);
});

const lines = readFileSync("/etc/resolv.conf", "utf8").split("\n");
const valuesOf = (keyword: string): string[] =>
  lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first === keyword)
    .flatMap(([, ...values]) => values);
const nameservers = valuesOf("nameserver");
if (server !== undefined && !nameservers.includes(server))
  fail(`${server}: only the pod's own DNS server can be asked: ${nameservers.join(", ")}`);

// A server of one's own comes without the search domains of resolv.conf.
const searches = server === undefined && !host.includes(".") ? valuesOf("search") : [];
const names = searches.length > 0 ? searches.map((search) => `${host}.${search}`) : [host];
const queries = (asked.length > 0 ? asked : (["A", "AAAA"] as const)).flatMap((type) =>
  names.map((name): Query => ({ name, type })),
);

/** The lines of one reply; undefined where none came. */
async function answer({ name, type }: Query): Promise<string[] | undefined> {
  const domain = name.replace(/\.$/, "");
  const head = domain.endsWith(".cluster.local") ? [] : ["Non-authoritative answer:"];
  try {
    if (type === "SRV") {
      const records = await resolve(name, type);
      return [
        ...head,
        ...records.map(
          (record) =>
            `${domain}\tservice = ${record.priority} ${record.weight} ${record.port} ${record.name}`,
        ),
      ];
    }
    const addresses = await resolve(name, type);
    return [...head, ...addresses.map((address) => `Name:\t${domain}\nAddress: ${address}`)];
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENODATA") return head;
    const told = errorNames[code];
    if (told === undefined) return undefined;
    process.exitCode = 1;
    return [`** server can't find ${name}: ${told}`];
  }
}

const replies = (await Promise.all(queries.map(answer))).filter((reply) => reply !== undefined);
if (replies.length === 0) {
  process.stdout.write(";; connection timed out; no servers could be reached\n\n");
  process.exitCode = 1;
} else {
  const address = server ?? nameservers[0] ?? "127.0.0.1";
  const text = replies.map((reply) => [...reply, ""].join("\n")).join("\n");
  process.stdout.write(`Server:\t\t${address}\nAddress:\t${address}:53\n\n${text}\n`);
}
