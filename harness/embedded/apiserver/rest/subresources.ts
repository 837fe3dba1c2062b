import type { ObjectKey } from "../../client.ts";
import { noSuchResource } from "../errors/api-errors.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import type { RequestContext } from "./request-context.ts";
import { fromScale, toScale } from "./scale.ts";
import type { Registry } from "./registry.ts";
import type { ServedKind } from "./served-kinds.ts";

/** Answers a POST to a subresource. */
export type SubresourceCreator = (
  served: ServedKind,
  key: ObjectKey,
  object: ApiObject,
  context: RequestContext,
) => Promise<ApiObject>;

/** Subresources that are not simply a part of the object: actions by POST, and scale. */
export class Subresources {
  readonly #registry: Registry;
  readonly #creators: ReadonlyMap<string, SubresourceCreator>;

  /** `creators` by "pods/binding" and the like. */
  constructor(registry: Registry, creators: Readonly<Record<string, SubresourceCreator>>) {
    this.#registry = registry;
    this.#creators = new Map(Object.entries(creators));
  }

  create(
    served: ServedKind,
    key: ObjectKey,
    object: ApiObject,
    context: RequestContext,
  ): Promise<ApiObject> {
    const creator = this.#creators.get(`${served.resource.plural}/${context.subresource}`);
    if (!creator) throw noSuchResource();
    return creator(served, key, object, context);
  }

  getScale(served: ServedKind, key: ObjectKey): ApiObject {
    return toScale(this.#registry.reader.get(served, key));
  }

  async replaceScale(
    served: ServedKind,
    key: ObjectKey,
    scale: ApiObject,
    context: RequestContext,
  ): Promise<ApiObject> {
    const change = (current: ApiObject): ApiObject => fromScale(current, scale);
    return toScale(await this.#registry.writer.update(served, key, change, context));
  }
}
