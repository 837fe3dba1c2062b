import type { Clock } from "../../../time/clock.ts";
import type { ObjectKey, Patch } from "../../client.ts";
import { isStatus, StatusError } from "../../status-error.ts";
import { badRequest } from "../errors/api-errors.ts";
import type { Registry } from "../rest/registry.ts";
import type { RequestContext } from "../rest/request-context.ts";
import { fromScale, toScale } from "../rest/scale.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import { GoMismatch } from "../schema/decode.ts";
import { decodeObject } from "../schema/object-decoder.ts";
import { schemaOf } from "../schema/schema.ts";
import { toTimestamp } from "../storage/object-metadata.ts";
import { type ApiObject, isJsonObject } from "../storage/stored-object.ts";
import { conversionError, goText, invalidPatch, undecodable } from "./invalid-patch.ts";
import { applyMergePatch } from "./json-merge-patch.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyConfiguration, type ApplyRequest, managersOfNew } from "./server-side-apply.ts";
import { applyStrategicPatch } from "./strategic-merge-patch.ts";
import { checkTypedPatch } from "./typed-patch.ts";

/** The object after the patch, and whether the patch made it. */
export interface Patched {
  readonly object: ApiObject;
  readonly created: boolean;
}

/** Applies every kind of patch to stored objects. */
export class Patcher {
  readonly #registry: Registry;
  readonly #clock: Clock;

  constructor(registry: Registry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  async patch(
    served: ServedKind,
    key: ObjectKey,
    patch: Patch,
    context: RequestContext,
  ): Promise<Patched> {
    if (patch.type === "apply") return this.#apply(served, key, patch, context);
    const change = (current: ApiObject): ApiObject => {
      if (context.subresource === "scale") {
        return fromScale(current, patched(served, toScale(current), patch));
      }
      const next = patched(served, current, patch);
      return decodeObject(served, next, context, (cause) => refusal(patch, next, cause));
    };
    const object = await this.#registry.writer.update(served, key, change, context);
    return { object: context.subresource === "scale" ? toScale(object) : object, created: false };
  }

  async #apply(
    served: ServedKind,
    key: ObjectKey,
    patch: Patch,
    context: RequestContext,
  ): Promise<Patched> {
    const request = this.#applyRequest(served, key, patch, context);
    const { writer } = this.#registry;
    const change = (live: ApiObject): ApiObject => applyConfiguration(live, request);
    try {
      return { object: await writer.update(served, key, change, context, true), created: false };
    } catch (error) {
      if (!isStatus(error, "NotFound") || context.subresource !== "") throw error;
      if (request.applied.metadata.uid) throw error;
    }
    const managed = managersOfNew(request);
    const { applied } = request;
    const object = await writer.create(served, key.namespace, applied, context, managed);
    return { object, created: true };
  }

  #applyRequest(
    served: ServedKind,
    key: ObjectKey,
    patch: Patch,
    context: RequestContext,
  ): ApplyRequest {
    if (!isJsonObject(patch.body)) throw badRequest("an apply patch is an object");
    checkTypedPatch(served, patch.body, key.namespace);
    const body = { metadata: {}, ...patch.body } as ApiObject;
    const applied = decodeObject(served, body, context);
    const { name } = applied.metadata;
    if (name !== undefined && name !== key.name) {
      throw badRequest(
        `name in URL does not match name in object metadata: ${key.name} != ${name}`,
      );
    }
    applied.metadata.name = key.name;
    const time = toTimestamp(this.#clock.now());
    return { served, applied, force: patch.force ?? false, context, time };
  }
}

/** Kubernetes shows a strategic merge patch as it came, and for the others the whole object. */
function refusal(patch: Patch, next: ApiObject, cause: StatusError): StatusError {
  if (patch.type !== "strategic") return invalidPatch(JSON.stringify(next), cause.message);
  const why = cause instanceof GoMismatch ? conversionError(cause) : cause.message;
  return invalidPatch(goText(patch.body), why);
}

function patched(served: ServedKind, current: ApiObject, patch: Patch): ApiObject {
  const result = applyPatch(served, current, patch);
  if (!isJsonObject(result) || !isJsonObject(result.metadata)) {
    throw badRequest("the patch does not leave an object");
  }
  return result as ApiObject;
}

function applyPatch(served: ServedKind, current: ApiObject, patch: Patch): unknown {
  if (patch.type === "json") return applyJsonPatch(current, patch.body);
  if (patch.type === "merge") {
    if (!isJsonObject(patch.body)) throw undecodable(notAMap);
    return applyMergePatch(current, patch.body);
  }
  const schema = schemaOf(current.kind === "Scale" ? "Scale" : served.schema);
  if (schema.custom) throw strategicUnsupported();
  return applyStrategicPatch(schema, current, patch.body);
}

const notAMap = "json: cannot unmarshal array into Go value of type map[string]interface {}";

/** Custom resources have no merge keys. */
function strategicUnsupported(): StatusError {
  return new StatusError(
    415,
    "UnsupportedMediaType",
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
  );
}
