import { facetsOf } from "./facets.ts";
import { Names, textAt, valueAt } from "./names.ts";
import { type Trace, type TracedObject, type TracedResource, tracedResources } from "./trace.ts";

/**
 * What a scenario showed: for each facet of each role, the lives of the objects in that role. Objects of one role (the
 * pods of a ReplicaSet) are interchangeable, so their lives are a set.
 */
export type Lives = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads off a trace what is compared. */
export function livesOf(trace: Trace): Lives {
  const names = new Names(trace);
  const lives = new Map<string, Set<string>>();
  const add = (key: string, life: string): void => {
    const known = lives.get(key);
    if (known) known.add(life);
    else lives.set(key, new Set([life]));
  };
  for (const resource of tracedResources)
    for (const [key, life] of objectLives(trace, resource, names)) add(key, life);
  for (const [key, life] of endpointLives(trace, names)) add(key, life);
  for (const [key, life] of eventLives(trace, names)) add(key, life);
  return lives;
}

function objectLives(trace: Trace, resource: TracedResource, names: Names): [string, string][] {
  const values = new Map<string, { key: string; comparison: string; seen: string[] }>();
  const latest = new Map<string, string>();
  const shapes: [string, string][] = [];
  const last = new Map<string, TracedObject>();
  const generationAt = generations(trace);
  for (const { t_ms, type, object } of trace[resource]) {
    const role = `${resource} ${names.roleOf(object)}`;
    if (type === "ADDED" && resource !== "events")
      for (const leaf of leavesOf(withoutChance(resource, object)))
        shapes.push([`${role} | as created`, names.of(leaf)]);
    if (type !== "DELETED" && resource !== "events") last.set(object.metadata?.uid ?? "", object);
    for (const { name, comparison, value } of facetsOf(resource, object, names)) {
      // Counts are compared between one change of the Deployment and the next.
      const phase = comparison === "sequence" ? undefined : generationAt(object, t_ms);
      const full = phase === undefined ? name : `${name} of generation ${phase}`;
      const id = `${object.metadata?.uid} ${full}`;
      const before = latest.get(`${object.metadata?.uid} ${name}`);
      const seen = before === undefined || comparison === "sequence" ? [] : [before];
      const entry = values.get(id) ?? { key: `${role} | ${full}`, comparison, seen };
      values.set(id, entry);
      latest.set(`${object.metadata?.uid} ${name}`, value);
      if (entry.seen.at(-1) !== value) entry.seen.push(value);
    }
  }
  for (const object of last.values())
    for (const leaf of leavesOf(valueAt(object, "status") ?? {}))
      shapes.push([`${resource} ${names.roleOf(object)} | status as last seen`, names.of(leaf)]);
  const lives = [...values.values()].map(({ key, comparison, seen }): [string, string] => [
    key,
    (comparison === "sequence" ? seen : turningPoints(seen)).join(" → "),
  ]);
  return [...shapes, ...lives];
}

/** Which generation the object's Deployment (or the object itself, where it is one) had at a time. */
function generations({ deployments }: Trace): (object: TracedObject, t_ms: number) => number {
  return (object, t_ms) => {
    const name = object.metadata?.ownerReferences?.[0]?.name ?? object.metadata?.name;
    const seen = deployments.findLast(
      (line) => line.object.metadata?.name === name && line.t_ms <= t_ms,
    );
    return seen?.object.metadata?.generation ?? 1;
  };
}

/** The first and last value, and those where a number stops rising or falling. */
export function turningPoints(seen: readonly string[]): string[] {
  return seen.filter((value, index) => {
    const [before, after] = [seen[index - 1], seen[index + 1]];
    if (before === undefined || after === undefined) return true;
    return Number(before) < Number(value) !== Number(value) < Number(after);
  });
}

/** Whether a slice is seen before its first endpoint depends on who is faster. */
function withoutChance(resource: TracedResource, object: TracedObject): object {
  if (resource !== "endpointslices") return object;
  const { endpoints: _, ports: __, ...rest } = object;
  return rest;
}

/** Every field that has a value, as "path = value", but for what only tells runs apart. */
export function leavesOf(value: unknown, path = ""): string[] {
  if (value === null || typeof value !== "object" || Object.keys(value).length === 0)
    return [`${path} = ${JSON.stringify(value)}`];
  return Object.entries(value)
    .filter(([key]) => !["managedFields", "resourceVersion", "uid"].includes(key))
    .flatMap(([key, inner]) => leavesOf(inner, path === "" ? key : `${path}.${key}`));
}

/** Each endpoint's conditions over time, by the role of its pod. */
function endpointLives({ endpointslices }: Trace, names: Names): [string, string][] {
  const lives = new Map<string, { key: string; seen: string[] }>();
  for (const { object } of endpointslices) {
    const endpoints = valueAt(object, "endpoints");
    const present = Array.isArray(endpoints) ? (endpoints as unknown[]) : [];
    const uids = new Set<string>();
    for (const endpoint of present) {
      const pod = textAt(endpoint, "targetRef", "name") ?? "";
      const uid = textAt(endpoint, "targetRef", "uid") ?? "";
      uids.add(uid);
      const life = lives.get(uid) ?? { key: `endpoints ${names.of(pod)}`, seen: [] };
      lives.set(uid, life);
      const conditions = ["ready", "serving", "terminating"].filter(
        (one) => valueAt(endpoint, "conditions", one) === true,
      );
      const text = conditions.join("+") || "not ready";
      if (life.seen.at(-1) !== text) life.seen.push(text);
    }
    for (const [uid, { seen }] of lives)
      if (!uids.has(uid) && seen.at(-1) !== "gone") seen.push("gone");
  }
  return [...lives.values()].map(({ key, seen }) => [key, seen.join(" → ")]);
}

/** Each event's final count, and how many objects of the role it was reported on. */
function eventLives({ events }: Trace, names: Names): [string, string][] {
  const last = new Map<string, { key: string; count: number }>();
  for (const { type, object } of events) {
    if (type === "DELETED") continue;
    const about = `${textAt(object, "involvedObject", "kind")} ${names.of(textAt(object, "involvedObject", "name") ?? "")}`;
    const reporter = textAt(object, "reportingComponent");
    const what = ["type", "reason", "message"].map((part) => textAt(object, part)).join(" ");
    const count = Number(valueAt(object, "count") ?? 1);
    const key = `events on ${about} | ${reporter} ${names.of(what)}`;
    last.set(object.metadata?.uid ?? "", { key, count });
  }
  const byKey = new Map<string, number[]>();
  for (const [key, count] of totals(events, names)) byKey.set(key, [count]);
  for (const { key, count } of last.values()) byKey.set(key, [...(byKey.get(key) ?? []), count]);
  return [...byKey].map(([key, all]) => [key, all.toSorted((a, b) => a - b).join(", ")]);
}

/** How many events of a reason a controller reported, however they were combined. */
function totals(events: Trace["events"], names: Names): Map<string, number> {
  const last = new Map(
    events.flatMap(({ type, object }) =>
      type === "DELETED" ? [] : [[object.metadata?.uid ?? "", object]],
    ),
  );
  const sums = new Map<string, number>();
  for (const object of last.values()) {
    const kind = textAt(object, "involvedObject", "kind");
    if (kind === "Pod") continue;
    const name = names.of(textAt(object, "involvedObject", "name") ?? "");
    const what = `${textAt(object, "type")} ${textAt(object, "reason")}`;
    const key = `events on ${kind} ${name} | ${what} in all`;
    sums.set(key, (sums.get(key) ?? 0) + Number(valueAt(object, "count") ?? 1));
  }
  return sums;
}
