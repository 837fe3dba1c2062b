import type { KeyToPath, Volume } from "kubernetes-types/core/v1";
import type { FieldErrors } from "../errors/field-errors.ts";
import { checkName, isDnsLabel } from "./names.ts";

const supported = new Set(["name", "configMap", "secret", "emptyDir", "downwardAPI", "projected"]);

/** Checks volumes; returns their names. */
export function validateVolumes(
  path: string,
  volumes: readonly Volume[],
  errors: FieldErrors,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const { name } = volume;
    if (!name) errors.required(`${at}.name`);
    else if (!isDnsLabel(name)) checkName("label", `${at}.name`, name, errors);
    if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
    validateSource(at, volume, errors);
  }
  return names;
}

function validateSource(at: string, volume: Volume, errors: FieldErrors): void {
  const sources = Object.keys(volume).filter((field) => field !== "name");
  for (const source of sources.slice(1)) {
    errors.forbidden(`${at}.${source}`, "may not specify more than 1 volume type");
  }
  for (const source of sources) {
    if (supported.has(source)) continue;
    errors.forbidden(
      `${at}.${source}`,
      "the embedded cluster has no storage of this kind; use configMap, secret, emptyDir, downwardAPI or projected",
    );
  }
  validateItems(`${at}.configMap`, volume.configMap, errors);
  validateItems(`${at}.secret`, volume.secret, errors);
  if (volume.configMap && !volume.configMap.name) errors.required(`${at}.configMap.name`);
  if (volume.secret && !volume.secret.secretName) errors.required(`${at}.secret.secretName`);
}

interface Projection {
  readonly defaultMode?: number;
  readonly items?: readonly KeyToPath[];
}

function validateItems(at: string, source: Projection | undefined, errors: FieldErrors): void {
  const { defaultMode, items = [] } = source ?? {};
  if (defaultMode !== undefined && (defaultMode < 0 || defaultMode > 0o777)) {
    const why = "must be a number between 0 and 0777 (octal), both inclusive";
    errors.invalid(`${at}.defaultMode`, defaultMode, why);
  }
  for (const [index, { key, path }] of items.entries()) {
    const place = `${at}.items[${index}]`;
    if (!key) errors.required(`${place}.key`);
    if (!path) errors.required(`${place}.path`);
    else if (path.startsWith("/")) {
      errors.invalid(`${place}.path`, path, "must be a relative path");
    } else if (path.split("/").includes("..")) {
      errors.invalid(`${place}.path`, path, "must not contain '..'");
    }
  }
}
