import { LabError } from "../errors/lab-error.ts";
import { closest } from "../errors/closest.ts";
import { ApiError } from "./api-error.ts";
import type { KubeApi } from "./connection.ts";
import { type KindIndex, pathOf, type ServedKind } from "./kinds.ts";
import { invalid, type ManifestDocument } from "./manifest.ts";
import type { KubeObject } from "./object.ts";

export interface ApplyOptions {
  readonly api: KubeApi;
  readonly kinds: KindIndex;
  readonly namespace: string;
  readonly signal?: AbortSignal;
}

const fieldManager = "kubelab";

/**
 * Applies one object of a manifest on the server's side. The raw object is sent, so that the
 * server and not a client's types decides which fields exist; it is told to refuse what it does not know.
 */
export async function applyDocument(
  document: ManifestDocument,
  options: ApplyOptions,
): Promise<KubeObject> {
  const kind = await servedKind(document, options.kinds);
  const { object } = document;
  const named = object.metadata?.namespace;
  if (kind.namespaced && named !== undefined && named !== options.namespace)
    throw invalid(
      document.file,
      document.lineOf("metadata.namespace"),
      "a lab's manifest names no namespace: the lab chooses one for each run",
      "no metadata.namespace",
      named,
    );
  const name = object.metadata?.name ?? "";
  const body = kind.namespaced
    ? { ...object, metadata: { ...object.metadata, namespace: options.namespace } }
    : object;
  try {
    return await options.api.request<KubeObject>("PATCH", pathOf(kind, options.namespace, name), {
      query: { fieldManager, force: true, fieldValidation: "Strict" },
      contentType: "application/apply-patch+yaml",
      body,
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    throw error instanceof ApiError ? refusal(document, error) : error;
  }
}

async function servedKind(document: ManifestDocument, kinds: KindIndex): Promise<ServedKind> {
  const { apiVersion = "", kind = "" } = document.object;
  const served = await kinds.byManifest(apiVersion, kind);
  if (served) return served;
  const near = closest(kind, await kinds.names());
  throw invalid(
    document.file,
    document.lineOf("kind"),
    `the cluster serves no kind ${kind} in ${apiVersion}${near.length > 0 ? `; it has ${near.join(", ")}` : ""}`,
    "a kind that the cluster serves",
    `${apiVersion} ${kind}`,
  );
}

/** What a server's refusal of a manifest means for the file it came from. */
function refusal(document: ManifestDocument, error: ApiError): Error {
  // A field that server-side apply cannot read is the manifest's fault, though Kubernetes answers 500.
  const isUnreadable = error.message.startsWith("failed to create typed patch object");
  if (error.code !== 400 && error.code !== 422 && !isUnreadable) {
    return describeRefusal(document, error);
  }
  const field = fieldOf(error);
  const line = document.lineOf(field ?? "kind");
  const { expected, received } = expectation(error, field);
  return invalid(document.file, line, error.message, expected, received, error);
}

function describeRefusal(document: ManifestDocument, error: ApiError): LabError {
  const { kind, metadata } = document.object;
  return new LabError(
    "LAB_APPLY_REFUSED",
    `${document.file}: ${kind} ${metadata?.name} was refused: ${error.message}`,
    { cause: error, facts: { file: document.file, reason: error.reason, code: error.code } },
  );
}

/** The field that the server complains about, in the forms Kubernetes uses. */
function fieldOf(error: ApiError): string | undefined {
  const cause = error.status.details?.causes?.find((entry) => entry.field)?.field;
  if (cause) return normalise(cause);
  const message = error.message;
  const patterns = [
    /unknown field "([^"]+)"/,
    /(?:: |^ {2})\.([^\s:]+): (?:field not declared|expected|duplicate)/m,
    /Go struct field \w+\.([\w.[\]]+) of type/,
    /field `?"?([\w.[\]]+)"?`?/,
  ];
  for (const pattern of patterns) {
    const found = pattern.exec(message)?.[1];
    if (found) return normalise(found);
  }
  return undefined;
}

/** Server-side apply names list items by key, `containers[name="web"]`: any item is near enough. */
function normalise(field: string): string {
  const plain = field.replaceAll(/^\.|\[[a-zA-Z][^\]]*\]/g, "");
  return plain === "" ? "kind" : plain;
}

function expectation(error: ApiError, field: string | undefined) {
  const { message } = error;
  const typed = /expected ([^,;]+), got ([^;\]]+)/.exec(message);
  if (typed) return { expected: typed[1] ?? "", received: typed[2] ?? "" };
  const go = /cannot unmarshal (\w+) into Go .* of type (\S+)/.exec(message);
  if (go) return { expected: go[2] ?? "", received: go[1] ?? "" };
  if (/unknown field|not declared in schema/.test(message))
    return { expected: "a field that this kind has", received: field ?? "another" };
  const cause = error.status.details?.causes?.[0];
  return { expected: "a valid object", received: cause?.message ?? error.reason };
}
