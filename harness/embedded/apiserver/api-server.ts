import { type Clock, systemClock } from "../../time/clock.ts";
import type { Client } from "../client.ts";
import type { AdmissionStep } from "./admission/admission.ts";
import { createNamespaceLifecycle } from "./admission/namespace-lifecycle.ts";
import { InProcessClient } from "./in-process-client.ts";
import { allKinds } from "./kinds/all-kinds.ts";
import { Patcher } from "./patch/patcher.ts";
import { createBootstrapObjects } from "./bootstrap-objects.ts";
import { createBinding } from "./rest/pod-binding.ts";
import { createEviction } from "./rest/pod-eviction.ts";
import { Registry } from "./rest/registry.ts";
import { ServedKinds } from "./rest/served-kinds.ts";
import { Subresources } from "./rest/subresources.ts";
import { ObjectStore } from "./storage/object-store.ts";

/** How an API server is made. */
export interface ApiServerOptions {
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** Kubernetes' API, in memory. The in-process client works at once; HTTPS after `listen`. */
export interface ApiServer {
  readonly client: Client;
}

/** Makes an API server that holds the namespaces every cluster has. */
export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  const { clock = systemClock } = options;
  const store = new ObjectStore();
  const kinds = new ServedKinds(allKinds);
  const admission: AdmissionStep[] = [createNamespaceLifecycle(store)];
  const registry = new Registry({
    store,
    clock,
    admission,
    decode: (_served, object) => object,
    ownership: { record: () => {} },
  });
  const patcher = new Patcher(registry);
  const subresources = new Subresources(registry, {
    "pods/binding": createBinding(registry, clock),
    "pods/eviction": createEviction(registry),
  });
  const client = new InProcessClient({ registry, kinds, patcher, subresources });
  createBootstrapObjects(store, clock.now());
  store.forgetHistory();
  return { client };
}
