import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "../resource.ts";

/** One line of a recorded watch stream. */
export interface TraceLine {
  readonly t_ms: number;
  readonly type: string;
  readonly object: TracedObject;
}

/** Any object, read by path. */
export type TracedObject = KubeObject & Readonly<Record<string, unknown>>;

/** A scenario as it was recorded: a stream for each resource, in the order of arrival. */
export type Trace = Readonly<Record<TracedResource, readonly TraceLine[]>>;

export const tracedResources = [
  "deployments",
  "replicasets",
  "pods",
  "endpointslices",
  "services",
  "events",
] as const;

export type TracedResource = (typeof tracedResources)[number];

/** What was done in a scenario, and when. */
export interface TracedAction {
  readonly t_ms: number;
  readonly action: string;
}

const folder = fileURLToPath(new URL("../../../fixtures/golden/trace/", import.meta.url));

/** The recording of a scenario. */
export function readTrace(scenario: string): Trace {
  const streams = tracedResources.map((resource) => [
    resource,
    readLines<TraceLine>(`${scenario}.${resource}.jsonl`),
  ]);
  return Object.fromEntries(streams) as Trace;
}

/** The recorded actions of a scenario. */
export function readActions(scenario: string): readonly TracedAction[] {
  return readLines<TracedAction>(`${scenario}.actions.jsonl`);
}

function readLines<T>(name: string): T[] {
  const path = folder + name;
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as T);
}
