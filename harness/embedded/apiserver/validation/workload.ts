import type { PodTemplateSpec } from "kubernetes-types/core/v1";
import type { LabelSelector } from "kubernetes-types/meta/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { equalJson } from "../storage/stored-object.ts";
import { checkAnnotations, checkLabels } from "./names.ts";
import { validatePodSpec } from "./pod-spec.ts";
import { validateSelector } from "./selector.ts";

/** The part that Deployment, ReplicaSet, StatefulSet and DaemonSet share. */
export interface WorkloadSpec {
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
}

/** Checks selector and template: the selector must match what the template makes. */
export function validateWorkload(
  spec: WorkloadSpec | undefined,
  errors: FieldErrors,
  kind = "deployment",
): void {
  const { selector, template } = spec ?? {};
  if (!selector) errors.required("spec.selector");
  else if (isEmptySelector(selector)) {
    errors.invalid("spec.selector", selector, `empty selector is invalid for ${kind}`);
  } else if (!validateSelector("spec.selector", selector, errors)) {
    // A template cannot be held against what selects nothing.
    errors.invalid("spec.selector", selector, "invalid label selector");
    return;
  }
  const labels = template?.metadata?.labels;
  if (!selector || !matches(selector, labels ?? {})) {
    const rule = "`selector` does not match template `labels`";
    errors.invalid("spec.template.metadata.labels", labels ?? null, rule);
  }
  validateTemplate("spec.template", template, errors);
  const policy = template?.spec?.restartPolicy;
  if (policy !== undefined && policy !== "Always") {
    errors.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
  }
}

/** Checks a pod template. */
export function validateTemplate(
  path: string,
  template: PodTemplateSpec | undefined,
  errors: FieldErrors,
): void {
  checkLabels(`${path}.labels`, template?.metadata?.labels, errors);
  checkAnnotations(`${path}.annotations`, template?.metadata?.annotations, errors);
  validatePodSpec(`${path}.spec`, template?.spec, errors);
}

/** Refuses a changed value. */
export function checkImmutable(
  field: string,
  value: unknown,
  old: unknown,
  errors: FieldErrors,
): void {
  if (!equalJson(value, old)) errors.invalid(field, value, "field is immutable");
}

function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0;
}

/** Whether the labels satisfy a selector object. */
export function matches(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  for (const [key, value] of Object.entries(matchLabels ?? {})) {
    if (labels[key] !== value) return false;
  }
  return (matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    const listed = value !== undefined && values.includes(value);
    return operator === "In" ? listed : !listed;
  });
}
