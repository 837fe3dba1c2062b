import type { DeleteOptions } from "../../client.ts";
import { type ApiObject, isJsonObject } from "../storage/stored-object.ts";
import { success } from "./pod-binding.ts";
import type { Registry } from "./registry.ts";
import type { SubresourceCreator } from "./subresources.ts";

/** POST pods/eviction: a delete that asks for permission; without PodDisruptionBudgets it is always given. */
export function createEviction(registry: Registry): SubresourceCreator {
  return async (served, key, eviction, context) => {
    await registry.delete(served, key, toDeleteOptions(eviction), context);
    return success();
  };
}

function toDeleteOptions(eviction: ApiObject): DeleteOptions {
  return isJsonObject(eviction.deleteOptions) ? eviction.deleteOptions : {};
}
