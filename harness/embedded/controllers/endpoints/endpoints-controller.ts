import { isDeepStrictEqual } from "node:util";
import type {
  EndpointAddress,
  Endpoints,
  EndpointSubset,
  Pod,
  Service,
} from "kubernetes-types/core/v1";
import { endpoints, pods, services } from "../../resources.ts";
import { isStatus } from "../../status-error.ts";
import type { Informer } from "../../informer.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { isReady } from "../objects/pod-state.ts";
import { canonicalJson } from "../objects/template-hash.ts";
import { hasAddress, portsIn, selectedPods, toEndpoint } from "./service-endpoints.ts";
import { serviceLabels } from "./service-labels.ts";
import { TriggerTimes, triggerTimeAnnotation } from "./trigger-time.ts";
import { watchServices } from "./watch-services.ts";

/** Keeps the older Endpoints object of every Service that has a selector. */
export class EndpointsController implements Controller {
  readonly name = "endpoints";
  readonly workers = 5;
  readonly #context: ControllerContext;
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #triggerTimes = new TriggerTimes();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#services = context.caches.of(services);
    this.#pods = context.caches.of(pods);
    this.#endpoints = context.caches.of(endpoints);
  }

  watch(enqueue: Enqueue): void {
    watchServices(this.#context.caches, enqueue);
    const enqueueOwn = (object: Endpoints): void => enqueue(keyOf(object));
    this.#endpoints.on({ deleted: enqueueOwn, updated: enqueueOwn });
  }

  async reconcile(key: string): Promise<Result> {
    const { namespace, name } = parseKey(key);
    const service = this.#services.get({ namespace, name });
    const current = this.#endpoints.get({ namespace, name });
    if (!service) {
      this.#triggerTimes.forget(key);
      // Those of a Service that never had a selector belong to whoever wrote them.
      if (current && isOwn(current)) await this.#delete(namespace, name);
      return "done";
    }
    if (service.spec?.type === "ExternalName" || !service.spec?.selector) return "done";
    const selected = selectedPods(service, this.#pods.list(namespace));
    const triggerTime = this.#triggerTimes.next(key, service, selected);
    const wanted = toEndpoints(service, selected, triggerTime);
    if (!current) await this.#context.client.create(endpoints, wanted);
    else if (!isSame(current, wanted))
      await this.#context.client.update(endpoints, {
        ...wanted,
        metadata: { ...current.metadata, ...wanted.metadata },
      });
    return "done";
  }

  async #delete(namespace: string, name: string): Promise<void> {
    try {
      await this.#context.client.delete(endpoints, { namespace, name });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

const managedBy = { "endpoints.kubernetes.io/managed-by": "endpoint-controller" };

function isOwn({ metadata }: Endpoints): boolean {
  return metadata?.labels?.["endpoints.kubernetes.io/managed-by"] === "endpoint-controller";
}

function isSame(current: Endpoints, wanted: Endpoints): boolean {
  return (
    isDeepStrictEqual(current.subsets ?? [], wanted.subsets ?? []) &&
    isDeepStrictEqual({ ...current.metadata?.labels }, { ...wanted.metadata?.labels })
  );
}

function toEndpoints(
  service: Service,
  selected: readonly Pod[],
  triggerTime: string | undefined,
): Endpoints {
  const { namespace = "", name = "" } = service.metadata ?? {};
  const evenUnready = service.spec?.publishNotReadyAddresses === true;
  const usable = selected.filter(
    (pod) => hasAddress(pod) && (evenUnready || !pod.metadata?.deletionTimestamp),
  );
  const subsets = subsetsOf(service, usable, evenUnready);
  return {
    metadata: {
      namespace,
      name,
      labels: { ...serviceLabels(service), ...managedBy },
      annotations: triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime },
    },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

function subsetsOf(
  service: Service,
  usable: readonly Pod[],
  evenUnready: boolean,
): EndpointSubset[] {
  const byPorts = new Map<string, Required<EndpointSubset>>();
  for (const pod of usable) {
    const ports = portsIn(service, pod).map(({ name, port = 0, ...rest }) => ({
      ...(name ? { name } : {}),
      port,
      ...rest,
    }));
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const key = canonicalJson(ports);
    const subset = byPorts.get(key) ?? { addresses: [], notReadyAddresses: [], ports };
    byPorts.set(key, subset);
    const list = isReady(pod) || evenUnready ? subset.addresses : subset.notReadyAddresses;
    list.push(toAddress(service, pod));
  }
  return [...byPorts.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses.length > 0 ? { addresses: addresses.toSorted(byAddress) } : {}),
    ...(notReadyAddresses.length > 0
      ? { notReadyAddresses: notReadyAddresses.toSorted(byAddress) }
      : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }));
}

function toAddress(service: Service, pod: Pod): EndpointAddress {
  const { addresses, hostname, nodeName, targetRef } = toEndpoint(service, pod);
  return {
    ip: addresses[0] ?? "",
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function byAddress(one: EndpointAddress, other: EndpointAddress): number {
  return one.ip < other.ip ? -1 : 1;
}
