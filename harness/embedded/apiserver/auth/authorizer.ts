import { forbidden } from "../errors/api-errors.ts";
import { StatusError } from "../../status-error.ts";
import type { User } from "../rest/request-context.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { ApiObject } from "../storage/stored-object.ts";

/** What is asked of the API: of a resource, or of a path that is none. */
export interface Attributes {
  readonly verb: string;
  readonly path?: string;
  readonly group: string;
  /** The plural name. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** What a role allows. */
export interface Rule {
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

interface Binding extends ApiObject {
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

const groupSuffix = "rbac.authorization.k8s.io";

/** Role-based access control over the roles and bindings in the store; system:masters may do anything. */
export class Authorizer {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  allows(user: User, attributes: Attributes): boolean {
    if (user.groups.includes("system:masters")) return true;
    const clusterWide = this.#bindings("clusterrolebindings", undefined, user);
    if (this.#anyAllows(clusterWide, attributes)) return true;
    if (attributes.namespace === undefined) return false;
    const local = this.#bindings("rolebindings", attributes.namespace, user);
    return this.#anyAllows(local, attributes);
  }

  /** Throws Kubernetes' 403 where the user may not. */
  mustAllow(user: User, attributes: Attributes): void {
    if (!this.allows(user, attributes)) throw refusal(user, attributes);
  }

  /** Every rule that holds for the user in the namespace. */
  rulesOf(user: User, namespace: string): Rule[] {
    return [
      ...this.#bindings("clusterrolebindings", undefined, user),
      ...this.#bindings("rolebindings", namespace, user),
    ].flatMap((binding) => this.#rules(binding));
  }

  #bindings(plural: string, namespace: string | undefined, user: User): Binding[] {
    const all = this.#store.list(`${plural}.${groupSuffix}`, namespace) as Binding[];
    return all.filter((binding) => binds(binding, user));
  }

  #anyAllows(bindings: readonly Binding[], attributes: Attributes): boolean {
    return bindings.some((binding) =>
      this.#rules(binding).some((rule) => ruleAllows(rule, attributes)),
    );
  }

  #rules({ roleRef, metadata }: Binding): readonly Rule[] {
    const clusterRole = roleRef?.kind === "ClusterRole";
    const role = this.#store.get(`${clusterRole ? "clusterroles" : "roles"}.${groupSuffix}`, {
      name: roleRef?.name ?? "",
      namespace: clusterRole ? undefined : metadata.namespace,
    });
    return (role?.rules ?? []) as readonly Rule[];
  }
}

function binds(binding: Binding, user: User): boolean {
  return (binding.subjects ?? []).some(({ kind, name, namespace }) => {
    if (kind === "Group") return user.groups.includes(name);
    if (kind === "User") return user.name === name;
    const account = namespace ?? binding.metadata.namespace ?? "";
    return user.name === `system:serviceaccount:${account}:${name}`;
  });
}

function ruleAllows(rule: Rule, asked: Attributes): boolean {
  if (!includes(rule.verbs, asked.verb)) return false;
  if (asked.path !== undefined) {
    const { path } = asked;
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : path === url,
    );
  }
  if (!includes(rule.apiGroups, asked.group)) return false;
  const { resource, subresource } = asked;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const any = subresource === "" ? undefined : `*/${subresource}`;
  if (!includes(rule.resources, full) && !(any && rule.resources?.includes(any))) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(asked.name);
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes("*"));
}

function refusal(user: User, asked: Attributes): StatusError {
  const { verb, path, group, resource, subresource, namespace, name } = asked;
  if (path !== undefined) {
    const message = `forbidden: User "${user.name}" cannot ${verb} path "${path}"`;
    return new StatusError(403, "Forbidden", message, {});
  }
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const where =
    namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`;
  return forbidden({ group, plural: resource, kind: "" }, name, why);
}
