import type { ObjectKey, Patch } from "../../client.ts";
import { StatusError } from "../../status-error.ts";
import { badRequest } from "../errors/api-errors.ts";
import type { Registry } from "../rest/registry.ts";
import type { RequestContext } from "../rest/request-context.ts";
import { fromScale, toScale } from "../rest/scale.ts";
import type { ServedKind } from "../rest/served-kinds.ts";
import { type ApiObject, isJsonObject } from "../storage/stored-object.ts";
import { applyMergePatch } from "./json-merge-patch.ts";
import { applyJsonPatch } from "./json-patch.ts";

/** The object after the patch, and whether the patch made it. */
export interface Patched {
  readonly object: ApiObject;
  readonly created: boolean;
}

/** Applies every kind of patch to stored objects. */
export class Patcher {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async patch(
    served: ServedKind,
    key: ObjectKey,
    patch: Patch,
    context: RequestContext,
  ): Promise<Patched> {
    const change = (current: ApiObject): ApiObject => {
      if (context.subresource !== "scale") return patched(served, current, patch);
      return fromScale(current, patched(served, toScale(current), patch));
    };
    const object = await this.#registry.writer.update(served, key, change, context);
    return { object: context.subresource === "scale" ? toScale(object) : object, created: false };
  }
}

function patched(_served: ServedKind, current: ApiObject, patch: Patch): ApiObject {
  const result = applyPatch(current, patch);
  if (!isJsonObject(result) || !isJsonObject(result.metadata)) {
    throw badRequest("the patch does not leave an object");
  }
  return result as ApiObject;
}

function applyPatch(current: ApiObject, patch: Patch): unknown {
  if (patch.type === "json") return applyJsonPatch(current, patch.body);
  if (patch.type === "merge") return applyMergePatch(current, patch.body);
  throw new StatusError(415, "UnsupportedMediaType", `${patch.type} is not served yet`);
}
