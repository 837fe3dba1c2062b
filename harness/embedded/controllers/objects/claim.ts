import type { LabelSelector } from "kubernetes-types/meta/v1";
import type { Client, ObjectKey } from "../../client.ts";
import type { KubeObject, Resource } from "../../resource.ts";
import { isStatus } from "../../status-error.ts";
import { controllerOf, controllerReference } from "./owners.ts";
import { matchesSelector } from "./selector.ts";

/** Who claims what. */
export interface ClaimOptions<T extends KubeObject> {
  readonly client: Client;
  readonly ownerResource: Resource;
  readonly owner: KubeObject;
  readonly selector: LabelSelector | undefined;
  readonly resource: Resource<T>;
  readonly candidates: readonly T[];
  /** What may be adopted besides matching. @default anything that is not being deleted */
  readonly mayAdopt?: (object: T) => boolean;
}

/** The candidates that belong to the owner: adopts orphans that match and lets go of what matches no longer. */
export async function claim<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const { owner, selector, candidates, mayAdopt = () => true } = options;
  const claimed: T[] = [];
  let adoptable: Promise<boolean> | undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    const matches = matchesSelector(selector, object.metadata?.labels);
    if (controller) {
      if (controller.uid !== owner.metadata?.uid) continue;
      if (matches) claimed.push(object);
      else if (!owner.metadata?.deletionTimestamp) await release(options, object);
      continue;
    }
    if (!matches || owner.metadata?.deletionTimestamp) continue;
    if (object.metadata?.deletionTimestamp || !mayAdopt(object)) continue;
    adoptable ??= canAdopt(options);
    if (!(await adoptable)) continue;
    const adopted = await adopt(options, object);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

/** Asks the server and not the cache: an owner that was deleted and made anew must not adopt for the old one. */
async function canAdopt<T extends KubeObject>({
  client,
  ownerResource,
  owner,
}: ClaimOptions<T>): Promise<boolean> {
  const fresh = await client.get(ownerResource, keyOfObject(owner));
  const same = fresh.metadata?.uid === owner.metadata?.uid;
  return same && !fresh.metadata?.deletionTimestamp;
}

async function adopt<T extends KubeObject>(
  { client, resource, ownerResource, owner }: ClaimOptions<T>,
  object: T,
): Promise<T | undefined> {
  const ownerReferences = [
    ...(object.metadata?.ownerReferences ?? []),
    controllerReference(ownerResource, owner),
  ];
  return patchOwners(client, resource, object, ownerReferences);
}

async function release<T extends KubeObject>(
  { client, resource, owner }: ClaimOptions<T>,
  object: T,
): Promise<void> {
  const ownerReferences = (object.metadata?.ownerReferences ?? []).filter(
    (reference) => reference.uid !== owner.metadata?.uid,
  );
  await patchOwners(client, resource, object, ownerReferences);
}

/** Replaces the owners; undefined where the object is gone already. */
export async function patchOwners<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  ownerReferences: unknown[],
): Promise<T | undefined> {
  const { uid, resourceVersion } = object.metadata ?? {};
  try {
    return await client.patch(resource, keyOfObject(object), {
      type: "merge",
      body: {
        metadata: {
          uid,
          resourceVersion,
          ownerReferences: ownerReferences.length > 0 ? ownerReferences : null,
        },
      },
    });
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function keyOfObject(object: KubeObject): ObjectKey {
  return { namespace: object.metadata?.namespace, name: object.metadata?.name ?? "" };
}
