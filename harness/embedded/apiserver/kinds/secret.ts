import type { Secret } from "kubernetes-types/core/v1";
import { secrets } from "../../resources.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { goJsonMessage } from "../schema/go-json-message.ts";
import { equalJson } from "../storage/stored-object.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { validateDataKeys } from "../validation/data-keys.ts";
import { checkImmutable } from "../validation/workload.ts";
import { defineKind } from "./kind.ts";

/** What some types of secret must hold. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

/** Logins for registries are JSON; what is wrong with them is not shown, for it may be a password. */
function checkDockerConfig({ type, data }: Secret, errors: FieldErrors): void {
  const key = type?.startsWith("kubernetes.io/docker") ? requiredKeys[type]?.[0] : undefined;
  const encoded = key === undefined ? undefined : data?.[key];
  if (encoded === undefined) return;
  try {
    JSON.parse(Buffer.from(encoded, "base64").toString());
  } catch (error) {
    errors.invalid(`data[${key}]`, "<secret contents redacted>", goJsonMessage(error));
  }
}

/** Secret: stringData is only for writing, and becomes data. */
export const secretKind = defineKind({
  resource: secrets,
  singular: "secret",
  schema: "Secret",
  setDefaults(secret) {
    secret.type ??= "Opaque";
    if (!secret.stringData) return;
    const encoded = Object.entries(secret.stringData).map(([key, text]) => [
      key,
      Buffer.from(text).toString("base64"),
    ]);
    secret.data = { ...secret.data, ...(Object.fromEntries(encoded) as Record<string, string>) };
    delete secret.stringData;
  },
  validate(secret, errors, old) {
    validateDataKeys("data", secret.data, errors);
    for (const key of requiredKeys[secret.type ?? ""] ?? []) {
      if (secret.data?.[key] === undefined) errors.required(`data[${key}]`);
    }
    checkDockerConfig(secret, errors);
    const { username, password } = secret.data ?? {};
    if (secret.type === "kubernetes.io/basic-auth" && (username ?? password) === undefined) {
      for (const key of ["username", "password"]) errors.required(`data[${key}]`);
    }
    if (!old) return;
    checkImmutable("type", secret.type, old.type, errors);
    if (!old.immutable) return;
    const rule = "field is immutable when `immutable` is set";
    if (!secret.immutable) errors.forbidden("immutable", rule);
    if (!equalJson(secret.data, old.data)) errors.forbidden("data", rule);
  },
  selectable: ({ type }) => ({ type: type ?? "" }),
  columns: [
    nameColumn,
    { name: "Type", type: "string", cell: ({ type }) => type ?? "" },
    { name: "Data", type: "string", cell: ({ data }) => Object.keys(data ?? {}).length },
    ageColumn,
  ],
});
