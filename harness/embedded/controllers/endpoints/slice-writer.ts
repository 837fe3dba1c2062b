import { isDeepStrictEqual } from "node:util";
import type { OwnerReference } from "kubernetes-types/meta/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { Client } from "../../client.ts";
import type { Informer } from "../../informer.ts";
import { endpointSlices } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import { type EndpointGroup, planSlices, type SliceContent } from "./slice-plan.ts";
import { triggerTimeAnnotation } from "./trigger-time.ts";
import { WrittenSlices } from "./written-slices.ts";

export const serviceNameLabel = "kubernetes.io/service-name";
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";

/** Whose slices these are and what marks them. */
export interface SliceOwner {
  readonly namespace: string;
  readonly serviceName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly reference: OwnerReference;
}

/** Brings the slices that one controller keeps for a Service in line with its endpoints. */
export class SliceWriter {
  readonly #client: Client;
  readonly #slices: Informer<EndpointSlice>;
  readonly #managedBy: string;
  readonly #written = new WrittenSlices();

  constructor(client: Client, slices: Informer<EndpointSlice>, managedBy: string) {
    this.#client = client;
    this.#slices = slices;
    this.#managedBy = managedBy;
    slices.on({
      added: (slice) => this.#written.saw(slice),
      updated: (slice) => this.#written.saw(slice),
      deleted: (slice) => this.#written.sawDeleted(slice),
    });
  }

  /** The slices this controller keeps for the Service. */
  slicesOf(namespace: string, serviceName: string): EndpointSlice[] {
    const isOwn = ({ metadata }: EndpointSlice): boolean =>
      metadata?.namespace === namespace &&
      metadata.labels?.[serviceNameLabel] === serviceName &&
      metadata.labels[managedByLabel] === this.#managedBy;
    return this.#written
      .current(this.#slices.list(namespace).filter(isOwn), isOwn)
      .filter(({ metadata }) => !metadata?.deletionTimestamp);
  }

  async write(
    owner: SliceOwner,
    groups: readonly EndpointGroup[],
    triggerTime?: string,
  ): Promise<void> {
    const slices = this.slicesOf(owner.namespace, owner.serviceName);
    const { create, update, remove } = planSlices(slices, groups);
    const touched = new Set([...update.map(({ slice }) => slice), ...remove]);
    const relabelled = slices
      .filter((slice) => !touched.has(slice) && !this.#hasLabels(slice, owner))
      .map((slice) => ({ slice, content: contentOf(slice) }));
    for (const content of create) await this.#create(owner, content, triggerTime);
    for (const { slice, content } of [...update, ...relabelled])
      await this.#update(owner, slice, content, triggerTime);
    for (const slice of remove) await this.#remove(slice);
  }

  /** Deletes every slice this controller keeps for the Service. */
  async removeAll(namespace: string, serviceName: string): Promise<void> {
    for (const slice of this.slicesOf(namespace, serviceName)) await this.#remove(slice);
  }

  #labels({ labels, serviceName }: SliceOwner): Record<string, string> {
    return { ...labels, [serviceNameLabel]: serviceName, [managedByLabel]: this.#managedBy };
  }

  #hasLabels(slice: EndpointSlice, owner: SliceOwner): boolean {
    return isDeepStrictEqual({ ...slice.metadata?.labels }, this.#labels(owner));
  }

  async #create(owner: SliceOwner, content: SliceContent, triggerTime?: string): Promise<void> {
    const annotations = annotationsOf(owner, triggerTime);
    const created = await this.#client.create(endpointSlices, {
      metadata: {
        generateName: `${owner.serviceName}-`,
        namespace: owner.namespace,
        labels: this.#labels(owner),
        ...(annotations ? { annotations } : {}),
        ownerReferences: [owner.reference],
      },
      addressType: "IPv4",
      ...toFields(content),
    });
    this.#written.wrote(created);
  }

  async #update(
    owner: SliceOwner,
    slice: EndpointSlice,
    content: SliceContent,
    triggerTime?: string,
  ): Promise<void> {
    const { annotations: _, ...metadata } = slice.metadata ?? {};
    const annotations = annotationsOf(owner, triggerTime);
    const next: EndpointSlice = {
      ...slice,
      metadata: {
        ...metadata,
        labels: this.#labels(owner),
        ...(annotations ? { annotations } : {}),
      },
      ...toFields(content),
    };
    this.#written.wrote(await this.#client.update(endpointSlices, next));
  }

  async #remove(slice: EndpointSlice): Promise<void> {
    const { namespace, name = "" } = slice.metadata ?? {};
    try {
      await this.#client.delete(endpointSlices, { namespace, name });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
    this.#written.deleted(slice);
  }
}

function contentOf(slice: EndpointSlice): SliceContent {
  return { ports: slice.ports ?? [], endpoints: slice.endpoints ?? [] };
}

function annotationsOf(
  { annotations }: SliceOwner,
  triggerTime: string | undefined,
): Record<string, string> | undefined {
  const all = {
    ...annotations,
    ...(triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime }),
  };
  return Object.keys(all).length > 0 ? all : undefined;
}

function toFields({ ports, endpoints }: SliceContent): Pick<EndpointSlice, "ports" | "endpoints"> {
  return { endpoints: orNull(endpoints), ports: orNull(ports) };
}

/** Kubernetes writes null for lists that are empty. */
function orNull<T>(items: readonly T[]): T[] {
  return items.length > 0 ? [...items] : (null as unknown as T[]);
}
