import type { ControllerRevision } from "kubernetes-types/apps/v1";
import type { PodTemplateSpec } from "kubernetes-types/core/v1";
import type { LabelSelector } from "kubernetes-types/meta/v1";
import type { Client } from "../../client.ts";
import type { KubeObject, Resource } from "../../resource.ts";
import { controllerRevisions } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import { claim } from "../objects/claim.ts";
import { controllerReference } from "../objects/owners.ts";
import { canonicalJson, templateHash } from "../objects/template-hash.ts";

/** The label that says of which revision a pod is: a DaemonSet's by its hash, a StatefulSet's by its name. */
export const podRevisionLabel = "controller-revision-hash";

/** An owner whose templates are kept as revisions. */
export interface Revisioned {
  readonly resource: Resource;
  readonly owner: KubeObject;
  readonly template: PodTemplateSpec;
  readonly selector: LabelSelector | undefined;
  /** The label by which a revision carries its hash. */
  readonly hashLabel: string;
}

/** The history of one owner's templates. */
export interface Revisions {
  /** The revision of the present template. */
  readonly update: ControllerRevision;
  /** All of them, oldest first. */
  readonly all: readonly ControllerRevision[];
}

/** Reads the owner's revisions and adds one where the template is new; one that is used again gets the highest number. */
export async function syncRevisions(client: Client, revisioned: Revisioned): Promise<Revisions> {
  const { resource, owner, template, selector } = revisioned;
  const namespace = owner.metadata?.namespace ?? "";
  const { items } = await client.list(controllerRevisions, { namespace });
  const owned = await claim({
    client,
    ownerResource: resource,
    owner,
    selector,
    resource: controllerRevisions,
    candidates: items,
  });
  const all = owned.toSorted((one, other) => one.revision - other.revision);
  const data = dataOf(template);
  const same = all.find((revision) => canonicalJson(revision.data) === canonicalJson(data));
  const newest = all.at(-1);
  const number = (newest?.revision ?? 0) + 1;
  if (same && same === newest) return { update: same, all };
  if (same) {
    const update = await client.update(controllerRevisions, { ...same, revision: number });
    return { update, all: [...all.filter((one) => one !== same), update] };
  }
  const update = await createOrGet(client, revisionFor(revisioned, data, number));
  return { update, all: [...all, update] };
}

async function createOrGet(
  client: Client,
  revision: ControllerRevision,
): Promise<ControllerRevision> {
  try {
    return await client.create(controllerRevisions, revision);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    const { namespace, name = "" } = revision.metadata ?? {};
    return client.get(controllerRevisions, { namespace, name });
  }
}

function revisionFor(
  { resource, owner, template, hashLabel }: Revisioned,
  data: unknown,
  revision: number,
): ControllerRevision {
  const hash = templateHash(template);
  const { namespace, name, annotations } = owner.metadata ?? {};
  return {
    metadata: {
      ...(namespace ? { namespace } : {}),
      name: `${name}-${hash}`,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(resource, owner)],
    },
    data: data as ControllerRevision["data"] & object,
    revision,
  };
}

/** The patch by which kubectl goes back to a revision. */
function dataOf(template: PodTemplateSpec): unknown {
  return { spec: { template: { ...template, $patch: "replace" } } };
}

/** The template that a revision holds. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = data as unknown as { spec: { template: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = spec.template;
  return template;
}

/** Deletes the oldest revisions above the limit that are in use no more. */
export async function pruneRevisions(
  client: Client,
  all: readonly ControllerRevision[],
  inUse: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  const idle = all.filter((revision) => !inUse.has(revision.metadata?.name ?? ""));
  for (const { metadata } of idle.slice(0, Math.max(0, idle.length - limit))) {
    const { namespace, name = "" } = metadata ?? {};
    try {
      await client.delete(controllerRevisions, { namespace, name });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}
