import { isDeepStrictEqual } from "node:util";
import type { Endpoint, EndpointPort, EndpointSlice } from "kubernetes-types/discovery/v1";
import { canonicalJson } from "../objects/template-hash.ts";

/** Endpoints that share their ports, and so their slices. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What a slice is to hold. */
export interface SliceContent {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** The writes that make the slices hold the groups. */
export interface SlicePlan {
  readonly create: readonly SliceContent[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: SliceContent }[];
  readonly remove: readonly EndpointSlice[];
}

/** Kubernetes: a slice holds a hundred endpoints at the most. */
const mostEndpoints = 100;
const placeholder: SliceContent = { ports: [], endpoints: [] };

/** Plans as few writes as possible: endpoints stay in their slice and place, new ones fill slices that have room. */
export function planSlices(
  slices: readonly EndpointSlice[],
  groups: readonly EndpointGroup[],
): SlicePlan {
  const create: SliceContent[] = [];
  const update: { slice: EndpointSlice; content: SliceContent }[] = [];
  const wanted = new Map(groups.map((group) => [portsKey(group.ports), group]));
  const remove = slices.filter((slice) => !wanted.has(portsKey(slice.ports ?? [])));
  for (const [key, group] of wanted) {
    const own = slices.filter((slice) => portsKey(slice.ports ?? []) === key);
    const part = planGroup(own, group);
    create.push(...part.create);
    update.push(...part.update);
    remove.push(...part.remove);
  }
  return recycled(withPlaceholder({ create, update, remove }, slices));
}

/** Equal for ports that may share a slice, in whatever order they are listed. */
function portsKey(ports: readonly EndpointPort[]): string {
  return ports
    .map((port) => canonicalJson(port))
    .toSorted()
    .join();
}

function planGroup(slices: readonly EndpointSlice[], group: EndpointGroup): SlicePlan {
  const missing = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const kept = slices.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const identity = identityOf(endpoint);
      const found = missing.get(identity);
      missing.delete(identity);
      return found ? [found] : [];
    });
    return { slice, endpoints };
  });
  const left = [...missing.values()];
  for (const { endpoints } of kept)
    endpoints.push(...left.splice(0, Math.max(0, mostEndpoints - endpoints.length)));
  const create: SliceContent[] = [];
  while (left.length > 0)
    create.push({ ports: group.ports, endpoints: left.splice(0, mostEndpoints) });
  return {
    create,
    update: kept
      .filter(({ endpoints }) => endpoints.length > 0)
      .filter(({ slice, endpoints }) => !isDeepStrictEqual(slice.endpoints ?? [], endpoints))
      .map(({ slice, endpoints }) => ({ slice, content: { ports: group.ports, endpoints } })),
    remove: kept.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice),
  };
}

/** The same endpoint, in whatever condition. */
function identityOf({ addresses, hostname, targetRef }: Endpoint): string {
  return [addresses.join(), hostname, targetRef?.namespace, targetRef?.name, targetRef?.uid].join(
    "\0",
  );
}

/** A Service without endpoints keeps one empty slice, which tells it from one nobody has looked at. */
function withPlaceholder(plan: SlicePlan, slices: readonly EndpointSlice[]): SlicePlan {
  if (plan.create.length > 0 || plan.remove.length < slices.length) return plan;
  const [only, ...others] = plan.remove;
  if (only && others.length === 0 && isPlaceholder(only)) return { ...plan, remove: [] };
  return { ...plan, create: [placeholder] };
}

function isPlaceholder(slice: EndpointSlice): boolean {
  return (slice.endpoints ?? []).length === 0 && (slice.ports ?? []).length === 0;
}

/** Writing over a slice that would be deleted costs one write less than deleting and creating. */
function recycled({ create, update, remove }: SlicePlan): SlicePlan {
  const count = Math.min(create.length, remove.length);
  const reused = remove.slice(0, count).flatMap((slice, index) => {
    const content = create[index];
    return content ? [{ slice, content }] : [];
  });
  return {
    create: create.slice(count),
    update: [...update, ...reused],
    remove: remove.slice(count),
  };
}
