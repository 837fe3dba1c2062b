import type { DeleteOptions, ObjectKey } from "../../client.ts";
import type { AdmissionStep } from "../admission/admission.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import { type Deletion, ObjectDeleter } from "./object-deleter.ts";
import { ObjectReader } from "./object-reader.ts";
import { ObjectWriter, type WriterOptions } from "./object-writer.ts";
import type { RequestContext } from "./request-context.ts";
import type { ServedKind } from "./served-kinds.ts";

/** All operations on stored objects, for whoever is authorised: HTTP and the in-process client share it. */
export class Registry {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly #deleter: ObjectDeleter;
  readonly #admission: readonly AdmissionStep[];

  constructor(options: WriterOptions) {
    this.reader = new ObjectReader(options.store);
    this.writer = new ObjectWriter(options);
    this.#deleter = new ObjectDeleter(options.store, options.clock);
    this.#admission = options.admission;
  }

  async delete(
    served: ServedKind,
    key: ObjectKey,
    options: DeleteOptions,
    context: RequestContext,
  ): Promise<Deletion> {
    const old = this.reader.get(served, key);
    const { namespace, name } = key;
    const request = { operation: "DELETE", served, namespace, name, object: old, old, context };
    for (const step of this.#admission) await step({ ...request, operation: "DELETE" });
    return this.#deleter.delete(served, key, options, context.dryRun);
  }

  /** Replaces the object as a whole, or the part that the subresource stands for. */
  replace(
    served: ServedKind,
    key: ObjectKey,
    object: ApiObject,
    context: RequestContext,
  ): Promise<ApiObject> {
    return this.writer.update(served, key, () => object, context);
  }
}
