import type { LocationRule, Routing, VirtualHost } from "./routing.ts";
import { anyHost } from "./routing.ts";

/**
 * The rules of one host as nginx's locations. One rule with use-regex or rewrite-target makes all of the
 * host's paths regular expressions that ignore case, whatever their pathType says.
 */
export function toLocations(rules: readonly LocationRule[]): readonly LocationRule[] {
  const asRegex = rules.some((rule) => rule.settings.useRegex || isRewritten(rule));
  const exact = new Set(rules.filter(({ pathType }) => pathType === "Exact").map(pathOf));
  const locations = rules.flatMap((rule): LocationRule[] => {
    if (asRegex) return [{ ...rule, match: "regex", pattern: toPattern(rule.path) }];
    if (rule.pathType === "Exact") return [{ ...rule, match: "exact" }];
    if (rule.path === "/") return [rule];
    // Prefix goes by whole elements of the path: /foo is for /foo and /foo/bar, and not for /foobar.
    const path = rule.path.replace(/\/+$/, "");
    const below: LocationRule = { ...rule, path: `${path}/` };
    return exact.has(path) ? [below] : [below, { ...rule, path, match: "exact" }];
  });
  return locations.toSorted(
    (one, other) => other.path.length - one.path.length || compare(other.path, one.path),
  );
}

function pathOf({ path }: LocationRule): string {
  return path;
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one > other ? 1 : -1;
}

/** Whether rewrite-target changes anything: one that is the path itself does not. */
function isRewritten({ path, settings: { rewriteTarget } }: LocationRule): boolean {
  return rewriteTarget !== "" && rewriteTarget !== path;
}

/** The path of an Ingress that meant no regular expression may be none: then it stands for itself. */
function toPattern(path: string): RegExp {
  try {
    return new RegExp(`^${path}`, "i");
  } catch {
    return new RegExp(`^${RegExp.escape(path)}`, "i");
  }
}

/** The host's own server, else the one for its wildcard, else everybody else's. */
export function chooseHost({ hosts }: Routing, host: string): VirtualHost | undefined {
  const own = hosts.get(host);
  if (own) return own;
  // nginx takes *.name for any depth, and the longest.
  for (let rest = host; rest.includes(".");) {
    rest = rest.slice(rest.indexOf(".") + 1);
    const wildcard = hosts.get(`*.${rest}`);
    if (wildcard) return wildcard;
  }
  return hosts.get(anyHost);
}

/** nginx's choice among the host's locations. */
export function chooseLocation({ locations }: VirtualHost, path: string): LocationRule | undefined {
  return (
    locations.find((one) => one.match === "exact" && one.path === path) ??
    locations.find((one) => one.pattern?.test(path)) ??
    locations.find((one) => one.match === "prefix" && path.startsWith(one.path))
  );
}

/** The path after rewrite-target, with the regular expression's groups in place of $1, $2, … */
export function rewrite(rule: LocationRule, uri: string): string {
  if (!isRewritten(rule)) return uri;
  const { path, settings } = rule;
  const captures = new RegExp(path, "i").exec(uri);
  if (!captures) return uri;
  return settings.rewriteTarget.replaceAll(
    /\$(\d)/g,
    (_all, index: string) => captures[Number(index)] ?? "",
  );
}
