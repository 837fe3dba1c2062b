import type { Pod, Service } from "kubernetes-types/core/v1";
import { pods, services } from "../../resources.ts";
import type { Caches } from "../loop/caches.ts";
import type { Enqueue } from "../loop/controller.ts";
import { keyOf } from "../loop/key.ts";
import { matchesLabels } from "../objects/selector.ts";
import { endpointChanged, sameLabels } from "./service-endpoints.ts";

/** Enqueues a Service when it changes, and when a pod changes that it selects or selected. */
export function watchServices(caches: Caches, enqueue: Enqueue): void {
  const enqueueService = (service: Service): void => enqueue(keyOf(service));
  caches.of(services).on({
    added: enqueueService,
    updated: enqueueService,
    deleted: enqueueService,
  });
  const enqueueSelecting = (pod: Pod): void => {
    for (const service of caches.of(services).list(pod.metadata?.namespace ?? "")) {
      const selector = service.spec?.selector;
      if (selector && matchesLabels(selector, pod.metadata?.labels)) enqueue(keyOf(service));
    }
  };
  caches.of(pods).on({
    added: enqueueSelecting,
    updated: (pod, old) => {
      const moved = !sameLabels(pod, old);
      if (!moved && !endpointChanged(pod, old)) return;
      enqueueSelecting(pod);
      if (moved) enqueueSelecting(old);
    },
    deleted: enqueueSelecting,
  });
}
