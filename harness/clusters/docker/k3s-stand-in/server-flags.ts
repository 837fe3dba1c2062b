/** What `k3s server` is told, of the flags that the labs' clusters use. */
export interface ServerFlags {
  readonly tlsSans: readonly string[];
  readonly nodePorts: { readonly first: number; readonly last: number };
  /** Components that are not wanted. */
  readonly disabled: readonly string[];
  readonly kubeletArgs: Readonly<Record<string, string>>;
}

const components = new Set([
  "coredns",
  "servicelb",
  "traefik",
  "local-storage",
  "metrics-server",
  "runtimes",
]);

/** Flags with a value that change nothing here: there is no kernel networking to set up. */
const withoutEffect = new Set(["flannel-backend"]);

/** Reads the words after `k3s`. Throws what k3s would say. */
export function readServerFlags(words: readonly string[]): ServerFlags {
  const [command, ...rest] = words;
  if (command !== "server") throw new Error(`No help topic for '${command ?? ""}'`);
  const flags = {
    tlsSans: [] as string[],
    nodePorts: { first: 30_000, last: 32_767 },
    disabled: [] as string[],
    kubeletArgs: {} as Record<string, string>,
  };
  for (const [name, value] of pairs(rest)) {
    if (name === "tls-san") flags.tlsSans.push(...value.split(","));
    else if (name === "disable") flags.disabled.push(...value.split(",").map(toComponent));
    else if (name === "service-node-port-range") flags.nodePorts = toRange(value);
    else if (name === "kubelet-arg") {
      const [key = "", setting = ""] = value.split("=", 2);
      flags.kubeletArgs[key] = setting;
    } else if (!withoutEffect.has(name)) throw new Error(`flag provided but not defined: -${name}`);
  }
  return flags;
}

/** `--name=value` and `--name value`. */
function* pairs(words: readonly string[]): Generator<readonly [string, string]> {
  for (let index = 0; index < words.length; index++) {
    const [, name, joined] = /^--([a-z][a-z-]*)(?:=(.*))?$/.exec(words[index] ?? "") ?? [];
    if (name === undefined) throw new Error(`flag provided but not defined: ${words[index]}`);
    const value = joined ?? words[++index];
    if (value === undefined) throw new Error(`flag needs an argument: -${name}`);
    yield [name, value];
  }
}

function toComponent(name: string): string {
  if (components.has(name)) return name;
  throw new Error(`invalid value "${name}" for flag -disable`);
}

function toRange(text: string): { first: number; last: number } {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  if (Number(first) > 0 && Number(first) <= Number(last))
    return { first: Number(first), last: Number(last) };
  throw new Error(`invalid value "${text}" for flag -service-node-port-range`);
}
