import type { Pod } from "kubernetes-types/core/v1";
import type { Clock } from "../../../time/clock.ts";
import { conflict } from "../errors/api-errors.ts";
import { FieldErrors } from "../errors/field-errors.ts";
import { toTimestamp } from "../storage/object-metadata.ts";
import { type ApiObject, type Writable, copyJson, isJsonObject } from "../storage/stored-object.ts";
import type { Registry } from "./registry.ts";
import type { SubresourceCreator } from "./subresources.ts";

/** POST pods/binding: the scheduler puts the pod on a node. */
export function createBinding(registry: Registry, clock: Clock): SubresourceCreator {
  return async (served, key, binding, context) => {
    const target = isJsonObject(binding.target) ? binding.target.name : undefined;
    if (typeof target !== "string" || target === "") throw targetMissing(key.name);
    const bind = (current: ApiObject): ApiObject => {
      const pod = copyJson(current) as Writable<Pod> & ApiObject;
      if (pod.spec?.nodeName) {
        const why = `pod ${key.name} is already assigned to node "${pod.spec.nodeName}"`;
        throw conflict({ ...served.resource, plural: "pods/binding" }, key.name, why);
      }
      if (pod.spec) pod.spec.nodeName = target;
      pod.status = { ...pod.status, conditions: scheduled(pod, toTimestamp(clock.now())) };
      return pod;
    };
    const binds = { ...context, subresource: "binding" };
    // Kubernetes: a binding leaves no mark in managedFields.
    await registry.writer.update(served, key, bind, binds, true);
    return success();
  };
}

function targetMissing(name: string): Error {
  const errors = new FieldErrors();
  errors.required("target.name");
  return errors.toError({ group: "", kind: "Binding" }, name) ?? new Error("unreachable");
}

type Conditions = NonNullable<NonNullable<Pod["status"]>["conditions"]>;

function scheduled(pod: Pod, now: string): Conditions {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const condition = { type: "PodScheduled", status: "True", lastTransitionTime: now };
  return [...others, { ...condition, lastProbeTime: null as unknown as string }];
}

/** What a POST answers that made something happen but no object. */
export function success(): ApiObject {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}
