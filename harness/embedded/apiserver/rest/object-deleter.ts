import type { DeleteOptions, ObjectKey } from "../../client.ts";
import type { Clock } from "../../../time/clock.ts";
import { conflict, notFound } from "../errors/api-errors.ts";
import { tableOf } from "../kinds/kind.ts";
import { inKubernetesOrder, toTimestamp } from "../storage/object-metadata.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { type ApiObject, copyJson } from "../storage/stored-object.ts";
import type { ServedKind } from "./served-kinds.ts";

/** What became of a deletion: the object's last or present state, and whether it is gone. */
export interface Deletion {
  readonly object: ApiObject;
  readonly gone: boolean;
}

const foreground = "foregroundDeletion";
const orphan = "orphan";

/** Deletes objects as Kubernetes does: with grace, finalizers and propagation. */
export class ObjectDeleter {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  delete(served: ServedKind, key: ObjectKey, options: DeleteOptions, dryRun: boolean): Deletion {
    const { kind, resource } = served;
    const table = tableOf(kind);
    const current = this.#store.get(table, key);
    if (!current) throw notFound(resource, key.name);
    checkPreconditions(served, current, options);
    const next = copyJson(current);
    const finalizers = finalizersFor(next, options.propagationPolicy);
    next.metadata.finalizers = finalizers;
    const grace = kind.deletionGraceSeconds?.(current, options.gracePeriodSeconds) ?? 0;
    const held = finalizers.length > 0 || kind.isHeld?.(next) === true;
    if (grace === 0 && !held) {
      const last = this.#marked(served, next, 0, current.metadata.deletionTimestamp !== undefined);
      const object = dryRun ? last : this.#store.remove(table, current, last);
      return { object: object ?? last, gone: true };
    }
    if (!mayShorten(current, grace) && sameFinalizers(current, finalizers)) {
      return { object: current, gone: false };
    }
    const marked = mayShorten(current, grace) ? this.#marked(served, next, grace, true) : next;
    kind.beforeDelete?.(marked);
    const finished = inKubernetesOrder(marked);
    const stored = dryRun ? finished : this.#store.put(table, finished, current);
    return { object: stored ?? finished, gone: false };
  }

  #marked(served: ServedKind, object: ApiObject, graceSeconds: number, mark: boolean): ApiObject {
    if (!mark) return object;
    const { metadata } = object;
    metadata.deletionTimestamp = toTimestamp(this.#clock.now() + graceSeconds * 1000);
    metadata.deletionGracePeriodSeconds = graceSeconds;
    if (served.kind.generation && metadata.generation) metadata.generation += 1;
    return object;
  }
}

/** The first mark counts, and later ones that leave less time. */
function mayShorten(current: ApiObject, graceSeconds: number): boolean {
  if (!current.metadata.deletionTimestamp) return true;
  return graceSeconds < (current.metadata.deletionGracePeriodSeconds ?? 0);
}

function finalizersFor(object: ApiObject, policy: DeleteOptions["propagationPolicy"]): string[] {
  const present = object.metadata.finalizers ?? [];
  if (policy === undefined) return present;
  const others = present.filter((finalizer) => finalizer !== foreground && finalizer !== orphan);
  if (policy === "Foreground") return [...others, foreground];
  return policy === "Orphan" ? [...others, orphan] : others;
}

function sameFinalizers(current: ApiObject, finalizers: readonly string[]): boolean {
  const present = current.metadata.finalizers ?? [];
  return present.length === finalizers.length && present.every((one) => finalizers.includes(one));
}

function checkPreconditions(served: ServedKind, current: ApiObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = current;
  const fail = (what: string, wanted: string, found: string | undefined): never => {
    const why = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
    throw conflict(served.resource, metadata.name ?? "", why);
  };
  if (uid !== undefined && uid !== metadata.uid) fail("UID", uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    fail("ResourceVersion", resourceVersion, metadata.resourceVersion);
  }
}
