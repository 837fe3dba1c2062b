import type { Event as CoreEvent } from "kubernetes-types/core/v1";
import type { Kube } from "./kube.ts";
import type { KubeObject } from "./object.ts";
import { redactText, secretValues } from "./redact.ts";

/** One object concerned by a failure. */
export interface ObjectEvidence {
  readonly object: string;
  readonly conditions: readonly string[];
  readonly events: readonly string[];
  /** The last log lines, by container. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

const logLines = 8;
const longestLine = 240;
const mostObjects = 12;
const kindsLookedAt = ["deployments", "statefulsets", "daemonsets", "jobs", "services", "pods"];

/**
 * What a reader needs to see why a step failed: the objects of the lab's namespace that are not well or that
 * events speak of, their conditions, events and last log lines. Values of Secrets and tokens are hidden.
 */
export async function collectEvidence(
  kube: Kube,
  spaces: readonly (string | undefined)[],
): Promise<readonly ObjectEvidence[]> {
  const found = await Promise.all(spaces.map((space) => collectSpace(kube, space)));
  return found.flat().slice(0, mostObjects);
}

async function collectSpace(kube: Kube, space: string | undefined): Promise<ObjectEvidence[]> {
  const place = space === undefined ? {} : { space };
  const [secrets, events, ...lists] = await Promise.all([
    kube.list("secrets", place),
    kube.list("events", place),
    ...kindsLookedAt.map((kind) => kube.list(kind, place)),
  ]);
  const hidden = (secrets as readonly KubeObject[]).flatMap(secretValues);
  const clean = (text: string) => redactText(text, hidden);
  const kinds = ["Deployment", "StatefulSet", "DaemonSet", "Job", "Service", "Pod"];
  const objects = lists.flatMap((list, index) =>
    list.map((object) => ({ ...object, kind: kinds[index] ?? "" })),
  );
  const evidence = await Promise.all(
    objects.map((object) => describeObject(kube, object, events, space, clean)),
  );
  return evidence
    .filter((one) => one.trouble || one.record.object.startsWith("Pod"))
    .toSorted((a, b) => Number(b.trouble) - Number(a.trouble))
    .map((one) => one.record);
}

async function describeObject(
  kube: Kube,
  object: KubeObject,
  events: readonly CoreEvent[],
  space: string | undefined,
  clean: (text: string) => string,
) {
  const name = object.metadata?.name ?? "";
  const own = events
    .filter(
      (event) => event.involvedObject.name === name && event.involvedObject.kind === object.kind,
    )
    .map((event) => ({ warning: event.type === "Warning", text: eventText(event) }));
  const conditions = (object.status?.["conditions"] ?? []) as readonly Condition[];
  const unwell = conditions.some(
    (entry) => ["Ready", "Available"].includes(entry.type) && entry.status !== "True",
  );
  const record: ObjectEvidence = {
    object: `${object.kind} ${kube.namespaceOf(space)}/${name}`,
    conditions: conditions.map((entry) => clean(conditionText(entry))),
    events: own.map((event) => clean(event.text)).slice(-8),
    logs: object.kind === "Pod" ? await podLogs(kube, object, space, clean) : {},
  };
  return { record, trouble: unwell || own.some((event) => event.warning) };
}

async function podLogs(
  kube: Kube,
  pod: KubeObject,
  space: string | undefined,
  clean: (text: string) => string,
): Promise<Record<string, string[]>> {
  const prefix = space === undefined ? "" : `${space}:`;
  const containers = [
    ...((pod.spec?.["initContainers"] ?? []) as readonly { name: string }[]),
    ...((pod.spec?.["containers"] ?? []) as readonly { name: string }[]),
  ];
  const logs = await Promise.all(
    containers.map(async ({ name }) => {
      // A container that never started has no log; that is no second failure to report.
      const text = await kube
        .logs(`${prefix}pod/${pod.metadata?.name}`, { container: name, tail: logLines })
        .catch(() => "");
      return [name, clean(text).split("\n").filter(Boolean).map(shorten)] as const;
    }),
  );
  return Object.fromEntries(logs.filter(([, lines]) => lines.length > 0));
}

function conditionText({ type, status, reason, message }: Condition): string {
  return [`${type}=${status}`, reason, message].filter(Boolean).join(" · ");
}

function eventText(event: CoreEvent): string {
  const times = (event.count ?? 1) > 1 ? ` (x${event.count})` : "";
  return `${event.type} ${event.reason}${times}: ${event.message ?? ""}`;
}

function shorten(line: string): string {
  return line.length > longestLine ? `${line.slice(0, longestLine)}…` : line;
}
