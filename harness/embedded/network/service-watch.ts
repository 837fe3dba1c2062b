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

/** Keeps the table as the API has it. A list or watch that fails is tried again until the signal aborts. */
export function watchServices({
  client,
  table,
  changed,
  clock,
  signal,
}: ServiceWatchOptions): void {
  const options = { signal, clock };
  const follow = <T>(set: (object: T) => void, remove: (object: T) => void) => {
    const apply = (change: (object: T) => void) => (object: T) => {
      change(object);
      changed();
    };
    return { added: apply(set), updated: apply(set), deleted: apply(remove) };
  };
  createInformer(client, services, options).on(
    follow(
      (service) => table.setService(service),
      (service) => table.deleteService(service),
    ),
  );
  createInformer(client, endpointSlices, options).on(
    follow(
      (slice) => table.setSlice(slice),
      (slice) => table.deleteSlice(slice),
    ),
  );
}
