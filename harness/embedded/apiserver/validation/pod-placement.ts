import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from "kubernetes-types/core/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { checkName, checkQualifiedName, labelValueProblems } from "./names.ts";
import { validateSelector } from "./selector.ts";

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
const needsValues = "must be specified when `operator` is 'In' or 'NotIn'";
const takesNone = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";

/** Checks what says on which nodes a pod may run: affinity, tolerations, spread constraints. */
export function validatePodPlacement(path: string, spec: PodSpec, errors: FieldErrors): void {
  if (spec.affinity) validateAffinity(`${path}.affinity`, spec.affinity, errors);
  for (const [index, toleration] of (spec.tolerations ?? []).entries()) {
    validateToleration(`${path}.tolerations[${index}]`, toleration, errors);
  }
  const seen = new Set<string>();
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = `${path}.topologySpreadConstraints[${index}]`;
    validateSpread(at, constraint, errors);
    const pair = `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
    seen.add(pair);
  }
}

function validateToleration(at: string, toleration: Toleration, errors: FieldErrors): void {
  const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration;
  if (key !== "") checkQualifiedName(`${at}.key`, key, errors);
  else if (operator !== "Exists") {
    const why =
      'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.invalid(`${at}.operator`, operator, why);
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.invalid(`${at}.effect`, effect, why);
  }
  if (operator === "" || operator === "Equal") {
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.invalid(`${at}.operator`, value, problems.join(";"));
  } else if (operator === "Exists") {
    const why = "value must be empty when `operator` is 'Exists'";
    if (value !== "") errors.invalid(`${at}.operator`, toGo(toleration), why);
  } else errors.notSupported(`${at}.operator`, operator, ["Equal", "Exists"]);
  const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
  if (effect !== "" && !effects.includes(effect)) {
    errors.notSupported(`${at}.effect`, effect, effects);
  }
}

/** As Kubernetes shows one: its internal type has no JSON names. */
function toGo({ key = "", operator = "", value = "", effect = "", ...rest }: Toleration): object {
  const { tolerationSeconds: TolerationSeconds = null } = rest;
  return { Key: key, Operator: operator, Value: value, Effect: effect, TolerationSeconds };
}

function validateAffinity(path: string, affinity: Affinity, errors: FieldErrors): void {
  const { nodeAffinity } = affinity;
  const node = `${path}.nodeAffinity`;
  const wanted = nodeAffinity?.[required];
  if (wanted) {
    const at = `${node}.${required}.nodeSelectorTerms`;
    const terms = wanted.nodeSelectorTerms ?? [];
    if (terms.length === 0) errors.required(at, "must have at least one node selector term");
    for (const [index, term] of terms.entries()) validateTerm(`${at}[${index}]`, term, errors);
  }
  for (const [index, { weight, preference }] of (nodeAffinity?.[preferred] ?? []).entries()) {
    const at = `${node}.${preferred}[${index}]`;
    checkWeight(at, weight, errors);
    validateTerm(`${at}.preference`, preference ?? {}, errors);
  }
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    for (const [index, term] of (affinity[kind]?.[required] ?? []).entries()) {
      validatePodTerm(`${path}.${kind}.${required}[${index}]`, term, errors);
    }
    for (const [index, one] of (affinity[kind]?.[preferred] ?? []).entries()) {
      const at = `${path}.${kind}.${preferred}[${index}]`;
      checkWeight(at, one.weight, errors);
      validatePodTerm(`${at}.podAffinityTerm`, one.podAffinityTerm ?? {}, errors);
    }
  }
}

function checkWeight(at: string, weight: number | undefined, errors: FieldErrors): void {
  const given = weight ?? 0;
  if (given < 1 || given > 100) {
    errors.invalid(`${at}.weight`, given, "must be in the range 1-100");
  }
}

function validateTerm(at: string, term: NodeSelectorTerm, errors: FieldErrors): void {
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    const place = `${at}.matchExpressions[${index}]`;
    validateRequirement(place, requirement, errors);
    checkQualifiedName(`${place}.key`, requirement.key ?? "", errors);
  }
  for (const [index, { key = "", operator = "", values = [] }] of (
    term.matchFields ?? []
  ).entries()) {
    const place = `${at}.matchFields[${index}]`;
    if (operator !== "In" && operator !== "NotIn") {
      errors.invalid(`${place}.operator`, operator, "not a valid selector operator");
    } else if (values.length !== 1) {
      const why =
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      errors.required(`${place}.values`, why);
    }
    if (key !== "metadata.name") {
      errors.invalid(`${place}.key`, key, "not a valid field selector key");
    }
  }
}

function validateRequirement(
  at: string,
  { operator = "", values = [] }: Partial<NodeSelectorRequirement>,
  errors: FieldErrors,
): void {
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.required(`${at}.values`, needsValues);
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) errors.forbidden(`${at}.values`, takesNone);
  } else if (operator === "Gt" || operator === "Lt") {
    const why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
    if (values.length !== 1) errors.required(`${at}.values`, why);
  } else errors.invalid(`${at}.operator`, operator, "not a valid selector operator");
}

function validatePodTerm(at: string, term: Partial<PodAffinityTerm>, errors: FieldErrors): void {
  for (const field of ["labelSelector", "namespaceSelector"] as const) {
    const selector = term[field];
    if (selector) validateSelector(`${at}.${field}`, selector, errors);
  }
  for (const name of term.namespaces ?? []) checkName("label", `${at}.namespaces`, name, errors);
  checkTopologyKey(at, term.topologyKey, errors);
}

function checkTopologyKey(at: string, key: string | undefined, errors: FieldErrors): void {
  if (!key) errors.required(`${at}.topologyKey`, "can not be empty");
  else checkQualifiedName(`${at}.topologyKey`, key, errors);
}

const answers = ["DoNotSchedule", "ScheduleAnyway"];

function validateSpread(
  at: string,
  constraint: Partial<TopologySpreadConstraint>,
  errors: FieldErrors,
): void {
  const {
    maxSkew = 0,
    minDomains,
    topologyKey,
    whenUnsatisfiable = "",
    labelSelector,
  } = constraint;
  if (maxSkew <= 0) errors.invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero");
  checkTopologyKey(at, topologyKey, errors);
  if (!answers.includes(whenUnsatisfiable)) {
    errors.notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, answers);
  }
  if (minDomains !== undefined) {
    if (minDomains <= 0) {
      errors.invalid(`${at}.minDomains`, minDomains, "must be greater than zero");
    }
    if (whenUnsatisfiable !== "DoNotSchedule") {
      const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      errors.invalid(`${at}.minDomains`, minDomains, why);
    }
  }
  if (labelSelector) validateSelector(`${at}.labelSelector`, labelSelector, errors);
}
