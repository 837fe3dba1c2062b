import type { Pod } from "kubernetes-types/core/v1";
import type { LabelSelector } from "kubernetes-types/meta/v1";
import type { Informer } from "../../informer.ts";
import type { KubeObject, Resource } from "../../resource.ts";
import type { Enqueue } from "../loop/controller.ts";
import type { Expectations } from "../loop/expectations.ts";
import { keyOf } from "../loop/key.ts";
import { controllerOf } from "../objects/owners.ts";
import { matchesSelector } from "../objects/selector.ts";

/** An owner that has a pod selector. */
export type SelectingOwner = KubeObject & { spec?: { selector?: LabelSelector } };

export interface OwnedPodsOptions<T extends SelectingOwner> {
  readonly resource: Resource<T>;
  readonly owners: Informer<T>;
  readonly pods: Informer<Pod>;
  /** Told of the pods that come and go. @default nobody */
  readonly expectations?: Expectations;
}

/** Enqueues owners when they or their pods change; for an orphan pod everyone who might adopt it. */
export function watchOwnedPods<T extends SelectingOwner>(
  { resource, owners, pods, expectations }: OwnedPodsOptions<T>,
  enqueue: Enqueue,
): void {
  const ownerOf = (pod: Pod): T | undefined => {
    const controller = controllerOf(pod);
    if (controller?.kind !== resource.kind) return undefined;
    const owner = owners.get({ namespace: pod.metadata?.namespace, name: controller.name });
    return owner?.metadata?.uid === controller.uid ? owner : undefined;
  };
  const enqueueOwners = (pod: Pod): void => {
    const owner = ownerOf(pod);
    if (owner) enqueue(keyOf(owner));
    if (controllerOf(pod)) return;
    for (const candidate of owners.list(pod.metadata?.namespace ?? ""))
      if (matchesSelector(candidate.spec?.selector, pod.metadata?.labels))
        enqueue(keyOf(candidate));
  };
  const sawDeletion = (pod: Pod): void => {
    const owner = ownerOf(pod);
    if (owner) expectations?.deleted(keyOf(owner), pod.metadata?.uid ?? "");
  };
  owners.on({
    added: (owner) => enqueue(keyOf(owner)),
    updated: (owner) => enqueue(keyOf(owner)),
    deleted: (owner) => {
      expectations?.forget(keyOf(owner));
      enqueue(keyOf(owner));
    },
  });
  pods.on({
    added: (pod) => {
      const owner = ownerOf(pod);
      if (owner) expectations?.created(keyOf(owner));
      enqueueOwners(pod);
    },
    updated: (pod, old) => {
      if (pod.metadata?.deletionTimestamp) sawDeletion(pod);
      const before = ownerOf(old);
      if (before && before !== ownerOf(pod)) enqueue(keyOf(before));
      enqueueOwners(pod);
    },
    deleted: (pod) => {
      sawDeletion(pod);
      enqueueOwners(pod);
    },
  });
}
