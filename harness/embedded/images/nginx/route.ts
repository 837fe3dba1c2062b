import type { Location, ServerBlock } from "./config.ts";

/** nginx's choice: exact name, longest `*.name`, longest `name.*`, first regular expression, default server. */
export function chooseServer(
  servers: readonly ServerBlock[],
  port: number,
  host: string,
): ServerBlock | undefined {
  const here = servers.filter(({ listens }) => listens.some((listen) => listen.port === port));
  const exact = here.find(({ names }) => names.includes(host) || names.includes(`.${host}`));
  if (exact) return exact;
  const byEnd = longest(
    here,
    host,
    (name) => /^(\*\.|\.)/.test(name),
    (name) => host.endsWith(name.replace(/^\*/, "")),
  );
  if (byEnd) return byEnd;
  const byStart = longest(
    here,
    host,
    (name) => name.endsWith(".*"),
    (name) => host.startsWith(name.slice(0, -1)),
  );
  if (byStart) return byStart;
  const byPattern = here.find(({ names }) =>
    names.some((name) => name.startsWith("~") && new RegExp(name.slice(1), "i").test(host)),
  );
  const isDefault = ({ listens }: ServerBlock): boolean =>
    listens.some((listen) => listen.port === port && listen.isDefault);
  return byPattern ?? here.find(isDefault) ?? here[0];
}

function longest(
  servers: readonly ServerBlock[],
  host: string,
  isKind: (name: string) => boolean,
  matches: (name: string) => boolean,
): ServerBlock | undefined {
  const found = servers
    .flatMap((server) => server.names.map((name) => ({ server, name })))
    .filter(({ name }) => isKind(name) && name.length <= host.length + 1 && matches(name))
    .toSorted((one, other) => other.name.length - one.name.length);
  return found[0]?.server;
}

/** A location and what its regular expression captured, or where to redirect to. */
export type Located =
  | { readonly location: Location; readonly captures: readonly (string | undefined)[] }
  | { readonly redirect: string };

/** nginx's choice: exact, longest prefix that forbids regular expressions, first of those, longest prefix. */
export function chooseLocation(locations: readonly Location[], path: string): Located | undefined {
  const exact = locations.find((one) => one.kind === "exact" && one.path === path);
  if (exact) return { location: exact, captures: [] };
  const prefixes = locations.filter(({ kind }) => kind.startsWith("prefix"));
  const [prefix] = prefixes
    .filter((one) => path.startsWith(one.path))
    .toSorted((one, other) => other.path.length - one.path.length);
  // A proxied location "/name/" redirects "/name" to itself.
  const slashed = prefixes.find((one) => one.proxyPass && one.path === `${path}/`);
  if (slashed) return { redirect: slashed.path };
  if (prefix?.kind !== "prefix-no-regex")
    for (const location of locations) {
      const captures = location.pattern?.exec(path);
      if (captures) return { location, captures };
    }
  return prefix && { location: prefix, captures: [] };
}
