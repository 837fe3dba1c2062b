import type { KubeObject } from "../../../resource.ts";
import { destinationRuleSpec } from "./destination-rule-schema.ts";
import { gatewaySpec } from "./gateway-schema.ts";
import { type FieldProblem, notSupported, type Schema } from "./schema.ts";
import { authorizationPolicySpec, peerAuthenticationSpec } from "./security-schemas.ts";
import { virtualServiceSpec } from "./virtual-service-schema.ts";

const specs: Readonly<Record<string, Schema>> = {
  VirtualService: virtualServiceSpec,
  DestinationRule: destinationRuleSpec,
  Gateway: gatewaySpec,
  PeerAuthentication: peerAuthenticationSpec,
  AuthorizationPolicy: authorizationPolicySpec,
};

/**
 * What is wrong with an object of networking.istio.io, security.istio.io or telemetry.istio.io: what Istio
 * itself refuses, and what is valid but not built here, so that nothing is silently ignored. Empty is well.
 */
export function validateIstioObject(
  object: KubeObject & { readonly spec?: unknown },
): readonly FieldProblem[] {
  const schema = specs[object.kind ?? ""];
  if (!schema) return [{ field: "kind", reason: `${object.kind} ${notSupported}` }];
  const problems: FieldProblem[] = [];
  schema(object.spec ?? {}, "spec", (field, reason) => void problems.push({ field, reason }));
  return problems;
}
