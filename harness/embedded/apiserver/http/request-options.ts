import type { PatchType } from "../../client.ts";
import { StatusError } from "../../status-error.ts";
import { badRequest } from "../errors/api-errors.ts";
import { FieldErrors } from "../errors/field-errors.ts";

type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions";

/** Refuses what a write may not ask for: dryRun, fieldManager, fieldValidation, force. */
export function checkWriteOptions(
  kind: OptionsKind,
  query: URLSearchParams,
  patchType?: PatchType,
): void {
  const errors = new FieldErrors();
  const manager = query.get("fieldManager") ?? "";
  if (patchType === "apply" && manager === "") {
    errors.required("fieldManager", "is required for apply patch");
  }
  if (patchType !== undefined && patchType !== "apply" && query.has("force")) {
    errors.forbidden("force", "may not be specified for non-apply patch");
  }
  if (manager.length > 128) errors.tooLong("fieldManager", 128);
  checkDryRun(query.getAll("dryRun"), errors);
  const validation = query.get("fieldValidation") ?? "";
  const supported = ["", "Ignore", "Strict", "Warn"];
  if (!supported.includes(validation)) {
    errors.notSupported("fieldValidation", validation, supported);
  }
  refuse(kind, errors);
}

/** Refuses what a deletion may not ask for. */
export function checkDeleteOptions(options: Readonly<Record<string, unknown>>): void {
  const { propagationPolicy: policy, orphanDependents, dryRun } = options;
  const errors = new FieldErrors();
  const policies = ["Background", "Foreground", "Orphan"];
  if (policy !== undefined && orphanDependents !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    errors.invalid("propagationPolicy", policy, why);
  }
  if (policy !== undefined && !policies.some((one) => one === policy)) {
    errors.notSupported("propagationPolicy", policy, [...policies, "nil"]);
  }
  checkDryRun(Array.isArray(dryRun) ? dryRun : [], errors);
  refuse("DeleteOptions", errors);
}

function checkDryRun(values: readonly unknown[], errors: FieldErrors): void {
  if (values.some((value) => value !== "All")) errors.notSupported("dryRun", values, ["All"]);
}

const sending = "sendInitialEvents";
const matching = "resourceVersionMatch";

/** Refuses what a list may not ask for. */
export function checkListOptions(query: URLSearchParams): void {
  const errors = new FieldErrors();
  const match = query.get(matching) ?? "";
  if (match !== "") {
    const version = query.get("resourceVersion") ?? "";
    if (version === "") {
      errors.forbidden(matching, `${matching} is forbidden unless resourceVersion is provided`);
    }
    if (query.get("continue")) {
      errors.forbidden(matching, `${matching} is forbidden when continue is provided`);
    }
    const supported = ["Exact", "NotOlderThan", ""];
    if (!supported.includes(match)) errors.notSupported(matching, match, supported);
    if (match === "Exact" && version === "0") {
      errors.forbidden(matching, `${matching} "exact" is forbidden for resourceVersion "0"`);
    }
  }
  if (query.has(sending)) errors.forbidden(sending, `${sending} is forbidden for list`);
  refuse("ListOptions", errors);
  versionOf(query);
}

/** Refuses what a watch may not ask for. */
export function checkWatchOptions(query: URLSearchParams): void {
  const errors = new FieldErrors();
  const match = query.get(matching) ?? "";
  const newer = "NotOlderThan";
  if (query.has(sending) && match !== newer) {
    errors.forbidden(matching, `${sending} requires setting ${matching} to ${newer}`);
  }
  if (match !== "" && !query.has(sending)) {
    errors.forbidden(matching, `${matching} is forbidden for watch unless ${sending} is provided`);
  }
  if (match !== "" && match !== newer) errors.notSupported(matching, match, [newer]);
  refuse("ListOptions", errors);
  versionOf(query);
}

/** The resourceVersion that is asked for; undefined where it is none, or any. */
export function versionOf(query: URLSearchParams): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  if (text === "" || text === "0") return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const shown = JSON.stringify(text);
  const why = `strconv.ParseUint: parsing ${shown}: invalid syntax`;
  // Nobody on the way takes this for the client's mistake.
  throw new StatusError(500, "", `resourceVersion: Invalid value: ${shown}: ${why}`);
}

/** A whole number among the options; undefined where it is left out. */
export function numberOf(query: URLSearchParams, option: string): number | undefined {
  const text = query.get(option) ?? "";
  if (text === "") return undefined;
  if (/^[-+]?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function refuse(kind: string, errors: FieldErrors): void {
  const failure = errors.toError({ group: "meta.k8s.io", kind }, "");
  if (failure) throw failure;
}
