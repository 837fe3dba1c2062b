import type { Trace, TracedObject } from "./trace.ts";

/** Takes out of texts what differs from one run to the next. */
export class Names {
  /** Longest first, so that a pod's name goes before its ReplicaSet's. */
  readonly #replacements: readonly (readonly [string, string])[];

  constructor(trace: Trace) {
    const names = new Map<string, string>();
    const replicaSets = new Map<string, number>();
    for (const { object } of trace.replicasets) {
      const name = object.metadata?.name ?? "";
      const owner = object.metadata?.ownerReferences?.[0]?.name ?? name;
      if (names.has(name)) continue;
      const number = (replicaSets.get(owner) ?? 0) + 1;
      replicaSets.set(owner, number);
      names.set(name, `${owner}-<rs${number}>`);
      const hash = object.metadata?.labels?.["pod-template-hash"];
      if (hash !== undefined) names.set(hash, `<rs${number}>`);
    }
    for (const { object } of trace.pods) {
      const { name = "", generateName } = object.metadata ?? {};
      if (generateName === undefined) continue;
      const owner = generateName.slice(0, -1);
      names.set(name, `${names.get(owner) ?? owner}-<pod>`);
    }
    for (const { object } of trace.endpointslices) {
      const { name = "", generateName } = object.metadata ?? {};
      if (generateName !== undefined) names.set(name, `${generateName}<slice>`);
    }
    for (const { object } of trace.pods) {
      const node = textAt(object, "spec", "nodeName");
      if (node !== undefined) names.set(node, "<node>");
    }
    this.#replacements = [...names].toSorted(([one], [other]) => other.length - one.length);
  }

  /** The text with names, addresses, uids and times replaced by what they stand for. */
  of(text: string): string {
    let plain = text;
    for (const [name, role] of this.#replacements) plain = plain.replaceAll(name, role);
    return plain
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uid>")
      .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, "<ip>")
      .replaceAll(/\b(172\.17\.0\.2|127\.0\.0\.1)\b/g, "<host>")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
      .replaceAll(/(containerd|kubelab):\/\/[0-9a-f]+/g, "<container>")
      .replaceAll(/sha256:[0-9a-f]+/g, "<digest>")
      .replaceAll(/kube-api-access-\w{5}/g, "kube-api-access-<random>");
  }

  /** What the object is to the scenario, whatever it is called. */
  roleOf(object: TracedObject): string {
    return this.of(object.metadata?.name ?? "");
  }
}

/** The string at a path; undefined where there is none. */
export function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const value = valueAt(object, ...path);
  return typeof value === "string" ? value : undefined;
}

/** The value at a path; undefined where there is none. */
export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
