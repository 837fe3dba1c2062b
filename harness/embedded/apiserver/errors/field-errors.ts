import type { Resource } from "../../resource.ts";
import { type StatusCause, StatusError } from "../../status-error.ts";
import { qualified } from "./api-errors.ts";

/** Collects what is wrong with an object's fields and words it as Kubernetes does. */
export class FieldErrors {
  readonly causes: (StatusCause & { readonly message: string; readonly field: string })[] = [];

  required(field: string, detail = ""): void {
    this.#add("FieldValueRequired", field, detail ? `Required value: ${detail}` : "Required value");
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.#add("FieldValueInvalid", field, `Invalid value: ${shown(value)}: ${detail}`);
  }

  forbidden(field: string, detail: string): void {
    this.#add("FieldValueForbidden", field, `Forbidden: ${detail}`);
  }

  duplicate(field: string, value: unknown): void {
    this.#add("FieldValueDuplicate", field, `Duplicate value: ${shown(value)}`);
  }

  tooLong(field: string, maximumBytes: number): void {
    this.#add("FieldValueTooLong", field, `Too long: may not be more than ${maximumBytes} bytes`);
  }

  notFound(field: string, value: unknown): void {
    this.#add("FieldValueNotFound", field, `Not found: ${shown(value)}`);
  }

  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const values = supported.map((one) => JSON.stringify(one));
    this.#add(
      "FieldValueNotSupported",
      field,
      `Unsupported value: ${shown(value)}: supported values: ${values.join(", ")}`,
    );
  }

  /** The whole as a 422; undefined where nothing is wrong. */
  toError(resource: Pick<Resource, "group" | "kind">, name: string): StatusError | undefined {
    if (this.causes.length === 0) return undefined;
    const lines = [...new Set(this.causes.map((cause) => `${cause.field}: ${cause.message}`))];
    const list = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
    const message = `${qualified(resource.kind, resource.group)} "${name}" is invalid: ${list}`;
    return new StatusError(422, "Invalid", message, {
      ...(name === "" ? {} : { name }),
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.kind,
      causes: this.causes,
    });
  }

  #add(reason: string, field: string, message: string): void {
    this.causes.push({ reason, message, field });
  }
}

function shown(value: unknown): string {
  return value === undefined ? "null" : JSON.stringify(value);
}
