import type { Resource } from "../../../resource.ts";
import type { AuthorizationPolicy } from "../routing/authorization.ts";
import type { PeerAuthentication } from "../routing/peer-authentication.ts";

const security = { group: "security.istio.io", version: "v1", namespaced: true } as const;

export const peerAuthentications: Resource<PeerAuthentication> = {
  ...security,
  kind: "PeerAuthentication",
  plural: "peerauthentications",
};
export const authorizationPolicies: Resource<AuthorizationPolicy> = {
  ...security,
  kind: "AuthorizationPolicy",
  plural: "authorizationpolicies",
};
