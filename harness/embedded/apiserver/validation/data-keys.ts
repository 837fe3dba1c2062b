import type { FieldErrors } from "../errors/field-errors.ts";

const wrongKey =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** Checks the keys of a ConfigMap or Secret, which become names of files. */
export function validateDataKeys(
  field: string,
  data: Readonly<Record<string, string>> | undefined,
  errors: FieldErrors,
): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(data ?? {})) {
    bytes += value.length;
    const at = `${field}[${key}]`;
    if (key.length > 253) errors.invalid(at, key, "must be no more than 253 bytes");
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) errors.invalid(at, key, wrongKey);
    else if (key === "." || key === "..") errors.invalid(at, key, `must not be '${key}'`);
    else if (key.startsWith("..")) errors.invalid(at, key, "must not start with '..'");
  }
  if (bytes > 1_048_576) errors.tooLong(field === "data" ? "" : field, 1_048_576);
}
