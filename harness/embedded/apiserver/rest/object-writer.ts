import type { ObjectKey } from "../../client.ts";
import type { Clock } from "../../../time/clock.ts";
import type { AdmissionStep } from "../admission/admission.ts";
import { alreadyExists, badRequest, conflict, notFound } from "../errors/api-errors.ts";
import { FieldErrors } from "../errors/field-errors.ts";
import { type Kind, tableOf } from "../kinds/kind.ts";
import { inKubernetesOrder, newIdentity } from "../storage/object-metadata.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type ApiObject, copyJson, equalJson, freezeJson } from "../storage/stored-object.ts";
import type { FieldOwnership } from "./field-ownership.ts";
import { mergeUpdate } from "./merge-update.ts";
import type { RequestContext } from "./request-context.ts";
import { fromStored, type ServedKind, toStored } from "./served-kinds.ts";
import { validateMetadata } from "./validate-metadata.ts";

/** What a writer works with. */
export interface WriterOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Steps that every write passes, in order. */
  readonly admission: readonly AdmissionStep[];
  /** Checks fields against the schema; returns the object as the server understands it. */
  readonly decode: (served: ServedKind, object: ApiObject, context: RequestContext) => ApiObject;
  readonly ownership: FieldOwnership;
}

/** Makes the next state of an object in served form from its present one; undefined where there is none. */
export type Change = (current: ApiObject) => ApiObject | Promise<ApiObject>;

/** Creates and updates objects: decoding, defaults, admission, validation, then storage. */
export class ObjectWriter {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  async create(
    served: ServedKind,
    namespace: string | undefined,
    input: ApiObject,
    context: RequestContext,
    managed?: ApiObject["metadata"]["managedFields"],
  ): Promise<ApiObject> {
    const { store, clock, ownership } = this.#options;
    const { kind, resource } = served;
    const object = this.#decode(served, namespace, input, context);
    const { metadata } = object;
    if (metadata.resourceVersion) {
      throw badRequest("resourceVersion should not be set on objects to be created");
    }
    Object.assign(metadata, newIdentity(metadata, clock.now()));
    delete metadata.deletionTimestamp;
    delete metadata.deletionGracePeriodSeconds;
    delete metadata.generation;
    if (kind.generation) metadata.generation = 1;
    kind.prepareCreate?.(object);
    kind.setDefaults?.(object);
    const name = metadata.name ?? "";
    await this.#admit("CREATE", served, namespace, name, object, undefined, context);
    // Webhooks may have added containers.
    kind.setDefaults?.(object);
    this.#validate(served, object, undefined);
    if (managed) metadata.managedFields = managed;
    else ownership.record(served, object, undefined, context);
    const finished = inKubernetesOrder(object);
    const key = { namespace, name };
    if (store.get(tableOf(kind), key)) throw alreadyExists(resource, name);
    if (context.dryRun) return fromStored(served, freezeJson(finished));
    const stored = store.put(tableOf(kind), finished, undefined);
    if (!stored) throw alreadyExists(resource, name);
    return fromStored(served, stored);
  }

  /** Applies `change` to the newest state, again where another write came between. */
  async update(
    served: ServedKind,
    key: ObjectKey,
    change: Change,
    context: RequestContext,
    ownsFields = false,
  ): Promise<ApiObject> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const current = this.#options.store.get(tableOf(served.kind), key);
      if (!current) throw notFound(served.resource, key.name);
      const wanted = await change(fromStored(served, current));
      const written = await this.#updateOnce(served, key, current, wanted, context, ownsFields);
      if (written) return fromStored(served, written);
      if (wanted.metadata.resourceVersion !== current.metadata.resourceVersion) break;
    }
    throw conflict(served.resource, key.name);
  }

  async #updateOnce(
    served: ServedKind,
    key: ObjectKey,
    current: ApiObject,
    wanted: ApiObject,
    context: RequestContext,
    ownsFields: boolean,
  ): Promise<ApiObject | undefined> {
    const { store, ownership } = this.#options;
    const { kind, resource } = served;
    checkName(wanted, key.name);
    const decoded = this.#decode(served, key.namespace, wanted, context);
    checkPreconditions(served, current, decoded);
    const next = mergeUpdate(kind, current, decoded, context.subresource);
    if (context.subresource === "") kind.prepareUpdate?.(next, current);
    kind.setDefaults?.(next);
    await this.#admit("UPDATE", served, key.namespace, key.name, next, current, context);
    kind.setDefaults?.(next);
    this.#validate(served, next, current);
    if (!ownsFields) ownership.record(served, next, current, context);
    const bound = context.subresource === "binding";
    if (kind.generation && !bound && !equalJson(counted(kind, next), counted(kind, current))) {
      next.metadata.generation = (current.metadata.generation ?? 0) + 1;
    }
    const finished = inKubernetesOrder(next);
    if (sameButTimes(finished, current)) return current;
    if (context.dryRun) return freezeJson(finished);
    if (store.get(tableOf(kind), key) !== current) {
      if (wanted.metadata.resourceVersion === current.metadata.resourceVersion) return undefined;
      throw conflict(resource, key.name);
    }
    return isFinished(served, current, finished)
      ? store.remove(tableOf(kind), current, finished)
      : store.put(tableOf(kind), finished, current);
  }

  #decode(
    served: ServedKind,
    namespace: string | undefined,
    input: ApiObject,
    context: RequestContext,
  ): ApiObject {
    const decoded = toStored(served, this.#options.decode(served, copyJson(input), context));
    decoded.metadata ??= {};
    if (namespace === undefined) {
      delete decoded.metadata.namespace;
    } else if ((decoded.metadata.namespace ?? namespace) !== namespace) {
      throw badRequest(
        "the namespace of the provided object does not match the namespace sent on the request",
      );
    } else decoded.metadata.namespace = namespace;
    return decoded;
  }

  async #admit(
    operation: "CREATE" | "UPDATE",
    served: ServedKind,
    namespace: string | undefined,
    name: string,
    object: ApiObject,
    old: ApiObject | undefined,
    context: RequestContext,
  ): Promise<void> {
    const request = { operation, served, namespace, name, object, old, context };
    for (const step of this.#options.admission) {
      const pending = step(request);
      if (pending) await pending;
    }
  }

  #validate(served: ServedKind, object: ApiObject, old: ApiObject | undefined): void {
    const errors = new FieldErrors();
    validateMetadata(served.kind, object, errors, old);
    served.kind.validate?.(object, errors, old);
    const failure = errors.toError(served.resource, object.metadata.name ?? "");
    if (failure) throw failure;
  }
}

/** The part of an object whose changes its generation counts. */
function counted({ generation }: Kind, object: ApiObject): unknown {
  return generation === "spec" ? object.spec : { ...object, metadata: undefined };
}

function checkName(wanted: ApiObject, name: string): void {
  const given = wanted.metadata?.name;
  if (given !== undefined && given !== "" && given !== name) {
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${name})`,
    );
  }
}

function checkPreconditions(served: ServedKind, current: ApiObject, wanted: ApiObject): void {
  const name = current.metadata.name ?? "";
  const { uid, resourceVersion } = wanted.metadata;
  if (uid && uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(served.resource, name, why);
  }
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(served.resource, name);
  }
}

/** Whether nothing changed but who touched which field when: such a write leaves no trace. */
function sameButTimes(next: ApiObject, current: ApiObject): boolean {
  const { managedFields: nextFields, ...nextMetadata } = next.metadata;
  const { managedFields: currentFields, ...metadata } = current.metadata;
  if (!equalJson({ ...next, metadata: nextMetadata }, { ...current, metadata })) return false;
  return equalJson(
    nextFields?.map((entry) => ({ ...entry, time: "" })),
    currentFields?.map((entry) => ({ ...entry, time: "" })),
  );
}

/** Whether this update takes away the last thing that kept a deleted object alive. */
function isFinished(served: ServedKind, current: ApiObject, next: ApiObject): boolean {
  if (!current.metadata.deletionTimestamp) return false;
  if ((next.metadata.finalizers ?? []).length > 0) return false;
  if ((current.metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return !served.kind.isHeld?.(next);
}
