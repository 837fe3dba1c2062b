import type { OwnerReference } from "kubernetes-types/meta/v1";
import { type KubeObject, type Resource } from "../../resource.ts";
import type { DeleteOptions, ObjectKey } from "../../client.ts";
import { isStatus } from "../../status-error.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { patchOwners } from "../objects/claim.ts";
import { hasFinalizer, isHeldBy, type Item, ObjectGraph, ownersOf, uidOf } from "./object-graph.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";

/** What has become of an owner: there, gone, or going once its dependents have gone. */
type OwnerState = "solid" | "absent" | "waiting";

/** Deletes what nobody owns any more, and does what foreground and orphaning deletions wait for. */
export class GarbageCollector implements Controller {
  readonly name = "garbage-collector";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #resources: readonly Resource[];
  readonly #graph = new ObjectGraph();

  constructor(context: ControllerContext, resources: readonly Resource[]) {
    this.#context = context;
    // Events own nothing and are owned by nothing, and there are many of them.
    this.#resources = resources.filter(({ plural }) => plural !== "events");
  }

  watch(enqueue: Enqueue): void {
    for (const resource of this.#resources)
      this.#context.caches.of(resource).on({
        added: (object) => this.#saw(resource, object, enqueue),
        updated: (object, old) => {
          this.#saw(resource, object, enqueue);
          for (const owner of ownersOf(old)) enqueue(owner.uid);
        },
        deleted: (object) => {
          const dependents = this.#graph.dependents(uidOf(object));
          this.#graph.remove(object);
          for (const { uid } of dependents) enqueue(uid);
          for (const owner of ownersOf(object)) enqueue(owner.uid);
        },
      });
  }

  async reconcile(uid: string): Promise<Result> {
    const item = this.#graph.get(uid);
    if (!item) return "done";
    if (isHeldBy(item.object, orphan)) await this.#orphanDependents(item);
    else if (isHeldBy(item.object, foreground)) await this.#deleteDependents(item);
    if (!item.object.metadata?.deletionTimestamp) await this.#deleteUnlessOwned(item);
    return "done";
  }

  #saw(resource: Resource, object: KubeObject, enqueue: Enqueue): void {
    this.#graph.put(resource, object);
    if (ownersOf(object).length > 0 || object.metadata?.deletionTimestamp) enqueue(uidOf(object));
  }

  async #orphanDependents(item: Item): Promise<void> {
    for (const dependent of this.#graph.dependents(item.uid)) {
      const left = ownersOf(dependent.object).filter(({ uid }) => uid !== item.uid);
      await patchOwners(this.#context.client, dependent.resource, dependent.object, left);
    }
    await this.#removeFinalizer(item, orphan);
  }

  /** Lets the owner go once nothing that blocks it is left; before that makes sure that it goes. */
  async #deleteDependents(item: Item): Promise<void> {
    const blocking = this.#graph
      .dependents(item.uid)
      .filter(({ object }) =>
        ownersOf(object).some(
          (owner) => owner.uid === item.uid && owner.blockOwnerDeletion === true,
        ),
      );
    if (blocking.length === 0) return this.#removeFinalizer(item, foreground);
    for (const dependent of this.#graph.dependents(item.uid))
      if (!dependent.object.metadata?.deletionTimestamp) await this.#deleteUnlessOwned(dependent);
  }

  async #deleteUnlessOwned(item: Item): Promise<void> {
    const owners = ownersOf(item.object);
    if (owners.length === 0) return;
    const states = await Promise.all(owners.map((owner) => this.#stateOf(owner, item)));
    const solid = owners.filter((_, index) => states[index] === "solid");
    if (solid.length === owners.length) return;
    if (solid.length > 0) {
      await patchOwners(this.#context.client, item.resource, item.object, solid);
      return;
    }
    const waiting = states.includes("waiting") && this.#graph.dependents(item.uid).length > 0;
    await this.#delete(item, waiting ? "Foreground" : policyOf(item.object));
  }

  async #stateOf(owner: OwnerReference, { object }: Item): Promise<OwnerState> {
    const known = this.#graph.get(owner.uid)?.object ?? (await this.#lookUp(owner, object));
    if (known === "unknown kind") return "solid";
    if (!known || uidOf(known) !== owner.uid) return "absent";
    return isHeldBy(known, foreground) ? "waiting" : "solid";
  }

  /** Asks the server: the owner may be newer than the cache, or not exist at all. */
  async #lookUp(
    owner: OwnerReference,
    dependent: KubeObject,
  ): Promise<KubeObject | undefined | "unknown kind"> {
    // An owner may be named by any version of its group that is served.
    const group = owner.apiVersion.includes("/") ? owner.apiVersion.split("/")[0] : "";
    const resource = this.#resources.find((one) => one.kind === owner.kind && one.group === group);
    if (!resource) return "unknown kind";
    const namespace = resource.namespaced ? dependent.metadata?.namespace : undefined;
    try {
      return await this.#context.client.get(resource, { namespace, name: owner.name });
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #delete(
    { resource, object, uid }: Item,
    propagationPolicy: DeleteOptions["propagationPolicy"],
  ): Promise<void> {
    const options = { propagationPolicy, preconditions: { uid } };
    try {
      await this.#context.client.delete(resource, keyOfItem(object), options);
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
  }

  async #removeFinalizer({ resource, object, uid }: Item, finalizer: string): Promise<void> {
    const { resourceVersion, finalizers = [] } = object.metadata ?? {};
    const left = finalizers.filter((one) => one !== finalizer);
    const body = {
      metadata: { uid, resourceVersion, finalizers: left.length > 0 ? left : null },
    };
    try {
      await this.#context.client.patch(resource, keyOfItem(object), { type: "merge", body });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

/** A finalizer that is there already says how the object wants its own dependents treated. */
function policyOf(object: KubeObject): DeleteOptions["propagationPolicy"] {
  if (hasFinalizer(object, orphan)) return "Orphan";
  return hasFinalizer(object, foreground) ? "Foreground" : "Background";
}

function keyOfItem({ metadata }: KubeObject): ObjectKey {
  return { namespace: metadata?.namespace, name: metadata?.name ?? "" };
}
