import type { Clock } from "../../../../time/clock.ts";
import type { Client } from "../../../client.ts";
import { createInformer, type Informer } from "../../../informer.ts";
import type { KubeObject, Resource } from "../../../resource.ts";
import {
  configMaps,
  destinationRules,
  endpointSlices,
  gateways,
  pods,
  services,
  virtualServices,
} from "../../../resources.ts";
import type { DestinationRule, Gateway, VirtualService } from "../routing/istio-types.ts";
import type { MeshSnapshot } from "../routing/model.ts";
import { buildSnapshot } from "./build-snapshot.ts";
import { authorizationPolicies, peerAuthentications } from "./security-resources.ts";
import { debounce } from "./debounce.ts";

/** Follows the mesh's configuration. */
export interface MeshWatch {
  /** The configuration in force. */
  readonly snapshot: () => MeshSnapshot;
  /** Told of every new configuration. */
  onChange(listener: (snapshot: MeshSnapshot) => void): void;
  /** The authority that every certificate of the mesh comes from, PEM. */
  readonly rootCertificate: () => string | undefined;
}

export interface MeshWatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Watches everything a proxy is configured from; resolves with the first complete configuration. */
export async function watchMesh(client: Client, options: MeshWatchOptions): Promise<MeshWatch> {
  const watched: Informer<KubeObject>[] = [];
  const follow = <T extends KubeObject>(resource: Resource<T>, namespace?: string) => {
    const informer = createInformer(client, resource, { ...options, namespace });
    watched.push(informer);
    return informer;
  };
  const sources = {
    services: follow(services),
    endpointSlices: follow(endpointSlices),
    pods: follow(pods),
    virtualServices: follow(virtualServices as Resource<VirtualService>),
    destinationRules: follow(destinationRules as Resource<DestinationRule>),
    gateways: follow(gateways as Resource<Gateway>),
    peerAuthentications: follow(peerAuthentications),
    authorizationPolicies: follow(authorizationPolicies),
    configMaps: follow(configMaps, "istio-system"),
  };
  const build = (): MeshSnapshot =>
    buildSnapshot({
      services: sources.services.list(),
      endpointSlices: sources.endpointSlices.list(),
      pods: sources.pods.list(),
      virtualServices: sources.virtualServices.list(),
      destinationRules: sources.destinationRules.list(),
      gateways: sources.gateways.list(),
      peerAuthentications: sources.peerAuthentications.list(),
      authorizationPolicies: sources.authorizationPolicies.list(),
      configMaps: sources.configMaps.list(),
    });
  await Promise.all(watched.map((informer) => informer.synced));
  let snapshot = build();
  const listeners: ((snapshot: MeshSnapshot) => void)[] = [];
  const changed = debounce(options.clock, () => {
    snapshot = build();
    for (const listener of listeners) listener(snapshot);
  });
  for (const informer of watched) {
    informer.on({ updated: changed, deleted: changed, added: changed });
  }
  return {
    snapshot: () => snapshot,
    onChange: (listener) => void listeners.push(listener),
    rootCertificate: () =>
      sources.configMaps.get({ namespace: "istio-system", name: "istio-ca-root-cert" })?.data?.[
        "root-cert.pem"
      ],
  };
}
