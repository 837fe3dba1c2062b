import type { KubeObject } from "../../resource.ts";
import { FieldErrors } from "../errors/field-errors.ts";
import type { AdmissionStep } from "./admission.ts";

/** One thing that is wrong with an object. */
export interface FieldProblem {
  /** "spec.http[0].route[1].weight" */
  readonly field: string;
  readonly reason: string;
}

/** Says what is wrong with an object beyond its schema; empty is well. */
export type ObjectCheck = (object: KubeObject) => readonly FieldProblem[];

/** Refuses objects of these groups with 422 where their check finds something, naming each field. */
export function createObjectChecks(checks: Readonly<Record<string, ObjectCheck>>): AdmissionStep {
  return ({ operation, served, name, object, context }) => {
    const check = checks[served.resource.group];
    if (!check || operation === "DELETE" || context.subresource !== "") return;
    const errors = new FieldErrors();
    for (const { field, reason } of check(object)) errors.forbidden(field, reason);
    const refusal = errors.toError(served.resource, name);
    if (refusal) throw refusal;
  };
}
