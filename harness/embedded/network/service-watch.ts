import type { Clock } from "../../time/clock.ts";
import type { Client } from "../client.ts";
import { createInformer } from "../informer.ts";
import { endpointSlices, services } from "../resources.ts";
import type { ServiceTable } from "./service-table.ts";

export interface ServiceWatchOptions {
  readonly client: Client;
  readonly table: ServiceTable;
  readonly changed: () => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Keeps the table as the API has it. A list or watch that fails is tried again until the signal aborts.
 * As kube-proxy, nothing counts as changed before Services and EndpointSlices are both listed: a Service
 * would else be without endpoints for the time between two updates. Resolves when they are.
 */
export async function watchServices({
  client,
  table,
  changed,
  clock,
  signal,
}: ServiceWatchOptions): Promise<void> {
  const options = { signal, clock };
  let initialized = false;
  const follow = <T>(set: (object: T) => void, remove: (object: T) => void) => {
    const apply = (change: (object: T) => void) => (object: T) => {
      change(object);
      if (initialized) changed();
    };
    return { added: apply(set), updated: apply(set), deleted: apply(remove) };
  };
  const serviceInformer = createInformer(client, services, options);
  serviceInformer.on(
    follow(
      (service) => table.setService(service),
      (service) => table.deleteService(service),
    ),
  );
  const sliceInformer = createInformer(client, endpointSlices, options);
  sliceInformer.on(
    follow(
      (slice) => table.setSlice(slice),
      (slice) => table.deleteSlice(slice),
    ),
  );
  await Promise.all([serviceInformer.synced, sliceInformer.synced]);
  initialized = true;
  changed();
}
