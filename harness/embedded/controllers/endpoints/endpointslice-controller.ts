import type { Pod, Service } from "kubernetes-types/core/v1";
import { endpointSlices, pods, services } from "../../resources.ts";
import type { Informer } from "../../informer.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { parseKey } from "../loop/key.ts";
import { controllerReference } from "../objects/owners.ts";
import { canonicalJson } from "../objects/template-hash.ts";
import { hasAddress, portsIn, selectedPods, toEndpoint } from "./service-endpoints.ts";
import { serviceLabels } from "./service-labels.ts";
import type { EndpointGroup } from "./slice-plan.ts";
import { managedByLabel, serviceNameLabel, SliceWriter } from "./slice-writer.ts";
import { TriggerTimes } from "./trigger-time.ts";
import { watchServices } from "./watch-services.ts";

const managedBy = "endpointslice-controller.k8s.io";

/** Keeps the EndpointSlices of every Service that has a selector. */
export class EndpointSliceController implements Controller {
  readonly name = "endpointslice";
  readonly workers = 5;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #caches: ControllerContext["caches"];
  readonly #writer: SliceWriter;
  readonly #triggerTimes = new TriggerTimes();

  constructor({ client, caches }: ControllerContext) {
    this.#caches = caches;
    this.#services = caches.of(services);
    this.#pods = caches.of(pods);
    this.#writer = new SliceWriter(client, caches.of(endpointSlices), managedBy);
  }

  watch(enqueue: Enqueue): void {
    watchServices(this.#caches, enqueue);
    // Somebody else's write to one of our slices is undone.
    const enqueueService = ({ metadata }: { metadata?: Pod["metadata"] }): void => {
      const name = metadata?.labels?.[serviceNameLabel];
      if (name && metadata?.labels?.[managedByLabel] === managedBy)
        enqueue(`${metadata.namespace}/${name}`);
    };
    this.#caches.of(endpointSlices).on({ deleted: enqueueService, updated: enqueueService });
  }

  async reconcile(key: string): Promise<Result> {
    const service = this.#services.get(parseKey(key));
    if (!service || service.metadata?.deletionTimestamp) {
      this.#triggerTimes.forget(key);
      return "done";
    }
    if (service.spec?.type === "ExternalName" || !service.spec?.selector) return "done";
    const namespace = service.metadata?.namespace ?? "";
    const selected = selectedPods(service, this.#pods.list(namespace));
    const triggerTime = this.#triggerTimes.next(key, service, selected);
    const owner = {
      namespace,
      serviceName: service.metadata?.name ?? "",
      labels: serviceLabels(service),
      reference: controllerReference(services, service),
    };
    await this.#writer.write(owner, groupsOf(service, selected.filter(hasAddress)), triggerTime);
    return "done";
  }
}

function groupsOf(service: Service, selected: readonly Pod[]): EndpointGroup[] {
  const groups = new Map<string, { ports: ReturnType<typeof portsIn>; pods: Pod[] }>();
  for (const pod of selected) {
    const ports = portsIn(service, pod);
    const key = canonicalJson(ports);
    const group = groups.get(key);
    if (group) group.pods.push(pod);
    else groups.set(key, { ports, pods: [pod] });
  }
  return [...groups.values()].map(({ ports, pods: members }) => ({
    ports,
    endpoints: members.map((pod) => toEndpoint(service, pod)),
  }));
}
