import type { EndpointAddress, Endpoints, Service } from "kubernetes-types/core/v1";
import type { Endpoint } from "kubernetes-types/discovery/v1";
import { endpoints, endpointSlices, services } from "../../resources.ts";
import type { Informer } from "../../informer.ts";
import type { ControllerContext } from "../loop/context.ts";
import type { Controller, Enqueue, Result } from "../loop/controller.ts";
import { keyOf, parseKey } from "../loop/key.ts";
import { controllerReference } from "../objects/owners.ts";
import { SliceWriter } from "./slice-writer.ts";
import { triggerTimeAnnotation } from "./trigger-time.ts";

const managedBy = "endpointslicemirroring-controller.k8s.io";
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";

/** Copies Endpoints that somebody wrote for a Service without a selector into EndpointSlices. */
export class EndpointSliceMirroringController implements Controller {
  readonly name = "endpointslice-mirroring";
  readonly #services: Informer<Service>;
  readonly #endpoints: Informer<Endpoints>;
  readonly #writer: SliceWriter;

  constructor({ client, caches }: ControllerContext) {
    this.#services = caches.of(services);
    this.#endpoints = caches.of(endpoints);
    this.#writer = new SliceWriter(client, caches.of(endpointSlices), managedBy);
  }

  watch(enqueue: Enqueue): void {
    const enqueueObject = (object: Service | Endpoints): void => enqueue(keyOf(object));
    const all = { added: enqueueObject, updated: enqueueObject, deleted: enqueueObject };
    this.#services.on(all);
    this.#endpoints.on(all);
  }

  async reconcile(key: string): Promise<Result> {
    const { namespace, name } = parseKey(key);
    const service = this.#services.get({ namespace, name });
    const source = this.#endpoints.get({ namespace, name });
    if (!service || !source || !isMirrored(service, source)) {
      await this.#writer.removeAll(namespace, name);
      return "done";
    }
    const {
      [triggerTimeAnnotation]: triggerTime,
      [lastAppliedAnnotation]: _,
      ...annotations
    } = source.metadata?.annotations ?? {};
    const owner = {
      namespace,
      serviceName: name,
      labels: source.metadata?.labels ?? {},
      annotations,
      reference: controllerReference(endpoints, source),
    };
    await this.#writer.write(owner, groupsOf(source), triggerTime);
    return "done";
  }
}

function isMirrored(service: Service, { metadata }: Endpoints): boolean {
  const skipped = metadata?.labels?.[skipLabel] === "true";
  return !service.spec?.selector && !skipped && !metadata?.deletionTimestamp;
}

function groupsOf({ subsets = [] }: Endpoints) {
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) => ({
    ports: ports.map((port) => ({ name: "", protocol: "TCP", ...port })),
    endpoints: [
      ...addresses.map((address) => mirrored(address, true)),
      ...notReadyAddresses.map((address) => mirrored(address, false)),
    ],
  }));
}

function mirrored(
  { ip, hostname, nodeName, targetRef }: EndpointAddress,
  ready: boolean,
): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}
