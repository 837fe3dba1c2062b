import type { OwnerReference } from "kubernetes-types/meta/v1";
import type { KubeObject, Resource } from "../../resource.ts";

/** One object that is known to exist. */
export interface Item {
  readonly uid: string;
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** All objects by uid, and who depends on whom. */
export class ObjectGraph {
  readonly #items = new Map<string, Item>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): Item | undefined {
    return this.#items.get(uid);
  }

  put(resource: Resource, object: KubeObject): void {
    const uid = uidOf(object);
    this.#unlink(this.#items.get(uid)?.object);
    this.#items.set(uid, { uid, resource, object });
    for (const owner of ownersOf(object)) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents) dependents.add(uid);
      else this.#dependents.set(owner.uid, new Set([uid]));
    }
  }

  remove(object: KubeObject): void {
    this.#unlink(this.#items.get(uidOf(object))?.object);
    this.#items.delete(uidOf(object));
  }

  /** What names `uid` as an owner. */
  dependents(uid: string): Item[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((one) => this.#items.get(one) ?? []);
  }

  #unlink(object: KubeObject | undefined): void {
    if (!object) return;
    for (const owner of ownersOf(object)) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uidOf(object));
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

/** The object's owners. */
export function ownersOf({ metadata }: KubeObject): readonly OwnerReference[] {
  return metadata?.ownerReferences ?? [];
}

/** The object's uid. */
export function uidOf({ metadata }: KubeObject): string {
  return metadata?.uid ?? "";
}

/** Whether the object is being deleted and `finalizer` still holds it. */
export function isHeldBy({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata?.deletionTimestamp !== undefined && hasFinalizer({ metadata }, finalizer);
}

/** Whether the object carries the finalizer. */
export function hasFinalizer({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata?.finalizers?.includes(finalizer) === true;
}
