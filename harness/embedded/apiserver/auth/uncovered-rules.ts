import type { Rule } from "./authorizer.ts";

/** Those of the wanted rules that the held ones do not allow, described as Kubernetes describes them. */
export function uncoveredRules(held: readonly Rule[], wanted: readonly Rule[]): string[] {
  const verbsByPlace = new Map<string, { readonly place: Rule; readonly verbs: string[] }>();
  for (const rule of wanted.flatMap(singleRules)) {
    if (held.some((other) => covers(other, rule))) continue;
    const { verbs = [], ...place } = rule;
    const key = JSON.stringify(place);
    const known = verbsByPlace.get(key);
    if (known) known.verbs.push(...verbs.filter((verb) => !known.verbs.includes(verb)));
    else verbsByPlace.set(key, { place, verbs: [...verbs] });
  }
  return [...verbsByPlace.values()].map(({ place, verbs }) => describe(place, verbs)).toSorted();
}

/** The rule taken apart: one verb on one resource or path at a time. */
function singleRules(rule: Rule): Rule[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames, nonResourceURLs = [] } = rule;
  const names = resourceNames?.length ? { resourceNames } : {};
  const places: Rule[] = [
    ...apiGroups.flatMap((group) =>
      resources.map((resource) => ({ apiGroups: [group], resources: [resource], ...names })),
    ),
    ...nonResourceURLs.map((url) => ({ nonResourceURLs: [url] })),
  ];
  return places.flatMap((place) => verbs.map((verb) => ({ ...place, verbs: [verb] })));
}

function covers(held: Rule, wanted: Rule): boolean {
  if (!hasAll(held.verbs, wanted.verbs)) return false;
  if (wanted.nonResourceURLs) {
    return wanted.nonResourceURLs.every((url) => (held.nonResourceURLs ?? []).some(reaches(url)));
  }
  if (!hasAll(held.apiGroups, wanted.apiGroups)) return false;
  const [resource = ""] = wanted.resources ?? [];
  const [, part] = resource.split("/");
  const anyOwner = part !== undefined && held.resources?.includes(`*/${part}`);
  if (!anyOwner && !hasAll(held.resources, [resource])) return false;
  const names = held.resourceNames ?? [];
  if (names.length === 0) return true;
  const asked = wanted.resourceNames ?? [];
  return asked.length > 0 && asked.every((name) => names.includes(name));
}

function reaches(url: string): (pattern: string) => boolean {
  return (pattern) =>
    pattern.endsWith("*") ? url.startsWith(pattern.slice(0, -1)) : pattern === url;
}

function hasAll(list: readonly string[] = [], values: readonly string[] = []): boolean {
  return list.includes("*") || values.every((value) => list.includes(value));
}

function describe(place: Rule, verbs: readonly string[]): string {
  const parts: (readonly [string, readonly string[] | undefined])[] = [
    ["APIGroups", place.apiGroups],
    ["Resources", place.resources],
    ["NonResourceURLs", place.nonResourceURLs],
    ["ResourceNames", place.resourceNames],
    ["Verbs", verbs],
  ];
  const texts = parts.flatMap(([name, list]) =>
    list === undefined ? [] : [`${name}:${quotedList(list)}`],
  );
  return `{${texts.join(", ")}}`;
}

/** As Go prints a list of strings: ["a" "b"]. */
export function quotedList(list: readonly string[]): string {
  return `[${list.map((text) => JSON.stringify(text)).join(" ")}]`;
}
