import type { FieldErrors } from "../errors/field-errors.ts";

const labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const label1035Pattern = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualifiedPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const valuePattern = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const isLabel = whole(labelPattern);
const isSubdomain = whole(subdomainPattern);
const isLabel1035 = whole(label1035Pattern);
const isQualified = whole(qualifiedPattern);
const isValue = whole(valuePattern);

const wrongLabel = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${labelPattern}')`;
const wrongSubdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomainPattern}')`;
const wildcardPattern = `\\*\\.${subdomainPattern}`;
const isWildcard = whole(wildcardPattern);
const wrongWildcard = `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '${wildcardPattern}')`;
const wrongLabel1035 = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${label1035Pattern}')`;
const wrongQualified = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedPattern}')`;
const wrongValue = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${valuePattern}')`;

/** How a kind's names are written: RFC 1123 subdomain or label, RFC 1035 label, or any path segment. */
export type NameRule = "subdomain" | "label" | "service" | "path";

/** Checks a name by the rule, with Kubernetes' messages, which show it as it was `given`. */
export function checkName(
  rule: NameRule,
  field: string,
  name: string,
  errors: FieldErrors,
  given = name,
): void {
  if (rule === "path") return checkPathSegment(field, name, errors);
  const [maximum, pattern, message] = rules[rule];
  if (name.length > maximum) errors.invalid(field, given, tooLong(maximum));
  if (pattern.test(name)) return;
  const hasDots = rule === "label" && isSubdomain.test(name);
  errors.invalid(field, given, hasDots ? "must not contain dots" : message);
}

/** Checks a subdomain that begins with a star. */
export function checkWildcard(field: string, name: string, errors: FieldErrors): void {
  if (name.length > 253) errors.invalid(field, name, tooLong(253));
  if (!isWildcard.test(name)) errors.invalid(field, name, wrongWildcard);
}

const rules = {
  subdomain: [253, isSubdomain, wrongSubdomain],
  label: [63, isLabel, wrongLabel],
  service: [63, isLabel1035, wrongLabel1035],
} as const;

const tooLong = (maximum: number): string => `must be no more than ${maximum} bytes`;

function checkPathSegment(field: string, name: string, errors: FieldErrors): void {
  if (name === "." || name === "..") errors.invalid(field, name, `may not be '${name}'`);
  for (const sign of ["/", "%"]) {
    if (name.includes(sign)) errors.invalid(field, name, `may not contain '${sign}'`);
  }
}

/** Checks label keys and values. */
export function checkLabels(
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
  errors: FieldErrors,
): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkQualifiedName(field, key, errors);
    for (const problem of labelValueProblems(value)) errors.invalid(field, value, problem);
  }
}

/** Checks annotation keys, and that all together are not too long. */
export function checkAnnotations(
  field: string,
  annotations: Readonly<Record<string, string>> | undefined,
  errors: FieldErrors,
): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Case does not matter here.
    const problems = qualifiedNameProblems(key.toLowerCase());
    for (const problem of problems) errors.invalid(field, key, problem);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > 262_144) errors.tooLong(field, 262_144);
}

/** Checks the name of a label, an annotation or a finalizer. */
export function checkQualifiedName(field: string, key: string, errors: FieldErrors): void {
  for (const problem of qualifiedNameProblems(key)) errors.invalid(field, key, problem);
}

/** What is wrong with the name of a label. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedPattern}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === "") problems.push("prefix part must be non-empty");
  else if (prefix !== undefined && !isSubdomain.test(prefix)) {
    problems.push(`prefix part ${wrongSubdomain}`);
  }
  if (name === "") problems.push("name part must be non-empty");
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`);
  if (!isQualified.test(name)) problems.push(wrongQualified);
  return problems;
}

/** What is wrong with the value of a label. */
export function labelValueProblems(value: string): string[] {
  const problems = value.length > 63 ? [tooLong(63)] : [];
  if (!isValue.test(value)) problems.push(wrongValue);
  return problems;
}

/** Whether the text is an RFC 1123 label. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && isLabel.test(text);
}

/** Whether the text is an RFC 1123 subdomain. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && isSubdomain.test(text);
}
