import type { LabelSelector } from "kubernetes-types/meta/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { checkLabels, checkQualifiedName, labelValueProblems } from "./names.ts";

/** Checks a selector object; answers whether nothing is wrong with it. */
export function validateSelector(
  path: string,
  { matchLabels, matchExpressions = [] }: LabelSelector,
  errors: FieldErrors,
): boolean {
  const before = errors.causes.length;
  checkLabels(`${path}.matchLabels`, matchLabels, errors);
  for (const [index, { key, operator, values = [] }] of matchExpressions.entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      const why = "must be specified when `operator` is 'In' or 'NotIn'";
      if (values.length === 0) errors.required(`${at}.values`, why);
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      if (values.length > 0) errors.forbidden(`${at}.values`, why);
    } else errors.invalid(`${at}.operator`, operator, "not a valid selector operator");
    checkQualifiedName(`${at}.key`, key, errors);
    for (const [place, value] of values.entries()) {
      for (const problem of labelValueProblems(value)) {
        errors.invalid(`${at}.values[${place}]`, value, problem);
      }
    }
  }
  return errors.causes.length === before;
}
