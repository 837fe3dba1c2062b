import type { ConfigMap, Pod, Service } from "kubernetes-types/core/v1";
import type { EndpointSlice } from "kubernetes-types/discovery/v1";
import type { AuthorizationPolicy } from "../routing/authorization.ts";
import type { PeerAuthentication } from "../routing/peer-authentication.ts";
import type { DestinationRule, Gateway, VirtualService } from "../routing/istio-types.ts";

/** The API's objects that a proxy's configuration is made of. */
export interface MeshObjects {
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly gateways: readonly Gateway[];
  readonly peerAuthentications: readonly PeerAuthentication[];
  readonly authorizationPolicies: readonly AuthorizationPolicy[];
  readonly configMaps: readonly ConfigMap[];
}
