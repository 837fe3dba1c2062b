import { randomUUID } from "node:crypto";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
} from "kubernetes-types/admissionregistration/v1";
import { StatusError } from "../../status-error.ts";
import { badRequest, internalError } from "../errors/api-errors.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { fromStored, toStored } from "../rest/served-kinds.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import {
  type ApiObject,
  copyJson,
  isJsonObject,
  type JsonObject,
} from "../storage/stored-object.ts";
import { matches } from "../validation/workload.ts";
import type { AdmissionRequest, AdmissionStep } from "./admission.ts";
import type { WebhookCaller } from "./webhook-caller.ts";

type Rule = NonNullable<MutatingWebhook["rules"]>[number] & {
  readonly scope?: string;
  readonly resources?: readonly string[];
};

const table = "mutatingwebhookconfigurations.admissionregistration.k8s.io";

/** Calls the mutating webhooks that the write concerns, in the order of their configurations' names. */
export function createMutatingWebhooks(store: ObjectStore, caller: WebhookCaller): AdmissionStep {
  return async (request) => {
    const configurations = store.list(table) as MutatingWebhookConfiguration[];
    for (const { metadata, webhooks = [] } of configurations) {
      for (const webhook of webhooks) {
        if (!concerns(store, webhook, request)) continue;
        await callOne(caller, metadata?.name ?? "", webhook, request);
      }
    }
  };
}

function concerns(
  store: ObjectStore,
  webhook: MutatingWebhook,
  request: AdmissionRequest,
): boolean {
  const { resource } = request.served;
  // Webhooks must not be able to lock the cluster up by refusing their own removal.
  if (resource.group === "admissionregistration.k8s.io") return false;
  if (!(webhook.rules ?? []).some((rule) => ruleMatches(rule, request))) return false;
  if (!matches(webhook.namespaceSelector ?? {}, namespaceLabels(store, request))) return false;
  const selector = webhook.objectSelector ?? {};
  const old = request.old?.metadata.labels;
  return (
    matches(selector, request.object.metadata.labels ?? {}) ||
    (old !== undefined && matches(selector, old))
  );
}

function ruleMatches(rule: Rule, { operation, served, context }: AdmissionRequest): boolean {
  const { group, version, plural, namespaced } = served.resource;
  const has = (list: readonly string[] | undefined, value: string): boolean =>
    list !== undefined && (list.includes("*") || list.includes(value));
  const { scope = "*", resources = [] } = rule;
  const { subresource } = context;
  const full = subresource === "" ? plural : `${plural}/${subresource}`;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, group) &&
    has(rule.apiVersions, version) &&
    (scope === "*" || scope === (namespaced ? "Namespaced" : "Cluster")) &&
    (resources.includes(full) ||
      resources.includes("*/*") ||
      (subresource === "" && resources.includes("*")))
  );
}

function namespaceLabels(store: ObjectStore, request: AdmissionRequest): Record<string, string> {
  const { namespace, served, object } = request;
  if (served.resource.plural === "namespaces") return object.metadata.labels ?? {};
  if (namespace === undefined) return {};
  return store.get("namespaces", { name: namespace })?.metadata.labels ?? {};
}

async function callOne(
  caller: WebhookCaller,
  configuration: string,
  webhook: MutatingWebhook,
  request: AdmissionRequest,
): Promise<void> {
  let response: JsonObject;
  try {
    response = await caller.call(configuration, webhook, toReview(request));
  } catch (error) {
    if (webhook.failurePolicy === "Ignore") return;
    const why = error instanceof Error ? error.message : String(error);
    throw internalError(`failed calling webhook "${webhook.name}": ${why}`);
  }
  for (const warning of Array.isArray(response.warnings) ? response.warnings : []) {
    request.context.warnings.push(String(warning));
  }
  if (response.allowed !== true) throw denial(webhook.name, response);
  if (typeof response.patch === "string") patchInPlace(request, response.patch);
}

function patchInPlace({ served, object }: AdmissionRequest, encoded: string): void {
  const patch: unknown = JSON.parse(Buffer.from(encoded, "base64").toString());
  const patched = applyJsonPatch(fromStored(served, object), patch);
  if (!isJsonObject(patched)) throw badRequest("the webhook's patch does not leave an object");
  const stored = toStored(served, patched as ApiObject);
  for (const field of Object.keys(object)) if (!(field in stored)) delete object[field];
  Object.assign(object, stored);
}

function toReview(request: AdmissionRequest): JsonObject {
  const { served, namespace, name, operation, object, old, context } = request;
  const { group, version, kind, plural } = served.resource;
  const { user } = context;
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: randomUUID(),
      kind: { group, version, kind },
      resource: { group, version, resource: plural },
      ...(context.subresource === "" ? {} : { subResource: context.subresource }),
      requestKind: { group, version, kind },
      requestResource: { group, version, resource: plural },
      name,
      ...(namespace === undefined ? {} : { namespace }),
      operation,
      userInfo: { username: user.name, uid: user.uid ?? "", groups: user.groups },
      object: operation === "DELETE" ? null : copyJson(fromStored(served, object)),
      oldObject: old ? fromStored(served, old) : null,
      dryRun: context.dryRun,
      options: {
        kind: `${operation[0]}${operation.slice(1).toLowerCase()}Options`,
        apiVersion: "meta.k8s.io/v1",
      },
    },
  };
}

function denial(name: string, response: JsonObject): StatusError {
  const status = isJsonObject(response.status) ? response.status : {};
  const code = typeof status.code === "number" ? status.code : 403;
  const reason = typeof status.reason === "string" ? status.reason : "Forbidden";
  const lead = `admission webhook "${name}" denied the request`;
  const { message } = status;
  const text = typeof message === "string" ? `${lead}: ${message}` : `${lead} without explanation`;
  return new StatusError(code, reason, text, {});
}
