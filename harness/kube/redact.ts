import type { KubeObject } from "./object.ts";

const hidden = "‹hidden›";
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
/** JSON web tokens and `Bearer` credentials, wherever they turn up in text. */
const credentials = /eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|(?<=Bearer )[\w.~+/=-]+/g;

/** The object without what must not be printed: Secret values, managed fields, copies of the whole object. */
export function redactObject(object: KubeObject): KubeObject {
  const {
    managedFields: _,
    annotations,
    ...metadata
  } = (object.metadata ?? {}) as Record<string, unknown> & {
    annotations?: Record<string, string>;
  };
  const kept = Object.entries(annotations ?? {}).filter(([name]) => name !== lastApplied);
  const cleaned = {
    ...object,
    metadata: {
      ...metadata,
      ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}),
    },
  };
  if (object.kind !== "Secret") return cleaned;
  return {
    ...cleaned,
    ...(object["data"] ? { data: hideValues(object["data"]) } : {}),
    ...(object["stringData"] ? { stringData: hideValues(object["stringData"]) } : {}),
  };
}

/** The text with credentials and the given secret values replaced. */
export function redactText(text: string, secrets: readonly string[] = []): string {
  let result = text.replace(credentials, hidden);
  for (const secret of secrets) if (secret.length > 5) result = result.replaceAll(secret, hidden);
  return result;
}

/** Every value a Secret holds, encoded and plain, to be kept out of logs and events. */
export function secretValues(secret: KubeObject): readonly string[] {
  const data = Object.values((secret["data"] ?? {}) as Record<string, string>);
  return data.flatMap((value) => [value, Buffer.from(value, "base64").toString("utf8").trim()]);
}

function hideValues(values: unknown): Record<string, string> {
  return Object.fromEntries(Object.keys(values as object).map((key) => [key, hidden]));
}
