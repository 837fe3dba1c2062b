import type { Authorizer, Rule } from "../auth/authorizer.ts";
import { quotedList, uncoveredRules } from "../auth/uncovered-rules.ts";
import { forbidden } from "../errors/api-errors.ts";
import { equalJson } from "../storage/stored-object.ts";
import type { AdmissionRequest, AdmissionStep } from "./admission.ts";

const group = "rbac.authorization.k8s.io";

/**
 * Nobody grants what they may not do themselves, be it by a role or by a binding.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function createRoleEscalation(authorizer: Authorizer): AdmissionStep {
  return (request) => {
    const { operation, served, namespace, object, old, context } = request;
    const { resource } = served;
    const { user } = context;
    if (resource.group !== group || operation === "DELETE") return;
    if (user.groups.includes("system:masters")) return;
    const isBinding = resource.kind.endsWith("Binding");
    if (isBinding ? mayBind(authorizer, request) : mayEscalate(authorizer, request)) return;
    if (
      old &&
      ["rules", "subjects", "roleRef"].every((field) => equalJson(object[field], old[field]))
    ) {
      return;
    }
    const granted = isBinding
      ? authorizer.rulesOfRole(object, namespace)
      : ((object["rules"] ?? []) as readonly Rule[]);
    const missing = uncoveredRules(authorizer.rulesOf(user, namespace), granted);
    if (missing.length === 0) return;
    const why = `user "${user.name}" (groups=${quotedList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${missing.join("\n")}`;
    throw forbidden(resource, request.name, why);
  };
}

function mayEscalate(
  authorizer: Authorizer,
  { served, namespace, name, context }: AdmissionRequest,
): boolean {
  const { plural: resource } = served.resource;
  const asked = { verb: "escalate", group, resource, subresource: "", namespace, name };
  return authorizer.decide(context.user, asked).allowed;
}

function mayBind(
  authorizer: Authorizer,
  { namespace, object, context }: AdmissionRequest,
): boolean {
  const { kind, name } = object["roleRef"] as { readonly kind: string; readonly name: string };
  const resource = kind === "ClusterRole" ? "clusterroles" : "roles";
  const asked = { verb: "bind", group, resource, subresource: "", namespace, name };
  return authorizer.decide(context.user, asked).allowed;
}
