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

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Whether something may be done; and why, or why its rules could not be read. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason?: string;
}

interface Binding extends ApiObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

const groupSuffix = "rbac.authorization.k8s.io";

/** Role-based access control over the roles and bindings in the store; system:masters may do anything. */
export class Authorizer {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  decide(user: User, attributes: Attributes): Decision {
    if (user.groups.includes("system:masters")) return { allowed: true };
    const missing: string[] = [];
    for (const binding of this.#bindingsFor(user, attributes.namespace)) {
      const rules = this.#rules(binding);
      if (!rules) missing.push(missingRole(binding));
      else if (rules.some((rule) => ruleAllows(rule, attributes))) {
        return { allowed: true, reason: `RBAC: allowed by ${describe(binding, user)}` };
      }
    }
    if (missing.length === 0) return { allowed: false };
    const list = missing.length === 1 ? missing[0] : `[${missing.join(", ")}]`;
    return { allowed: false, reason: `RBAC: ${list}` };
  }

  /** Throws Kubernetes' 403 where the user may not. */
  mustAllow(user: User, attributes: Attributes): void {
    const { allowed, reason } = this.decide(user, attributes);
    if (!allowed) throw refusal(user, attributes, reason);
  }

  /** Every rule that holds for the user in the namespace. */
  rulesOf(user: User, namespace: string | undefined): Rule[] {
    return this.#bindingsFor(user, namespace).flatMap((binding) => this.#rules(binding) ?? []);
  }

  #bindingsFor(user: User, namespace: string | undefined): Binding[] {
    const all = [
      ...this.#store.list(`clusterrolebindings.${groupSuffix}`),
      ...(namespace === undefined
        ? []
        : this.#store.list(`rolebindings.${groupSuffix}`, namespace)),
    ] as Binding[];
    return all.filter((binding) => subjectFor(binding, user) !== undefined);
  }

  /** The rules that a binding in the namespace grants; none where its role is missing. */
  rulesOfRole(binding: ApiObject, namespace: string | undefined): readonly Rule[] {
    return this.#rules({ ...binding, metadata: { ...binding.metadata, namespace } }) ?? [];
  }

  #rules({ roleRef, metadata }: Binding): readonly Rule[] | undefined {
    const clusterRole = roleRef?.kind === "ClusterRole";
    const role = this.#store.get(`${clusterRole ? "clusterroles" : "roles"}.${groupSuffix}`, {
      name: roleRef?.name ?? "",
      namespace: clusterRole ? undefined : metadata.namespace,
    });
    return role && ((role.rules ?? []) as readonly Rule[]);
  }
}

function subjectFor({ subjects = [], metadata }: Binding, user: User): Subject | undefined {
  return subjects.find(({ kind, name, namespace }) => {
    if (kind === "Group") return user.groups.includes(name);
    if (kind === "User") return user.name === name;
    const account = namespace ?? metadata.namespace ?? "";
    return user.name === `system:serviceaccount:${account}:${name}`;
  });
}

function describe(binding: Binding, user: User): string {
  const { kind, roleRef, metadata } = binding;
  const { namespace: own } = metadata;
  const subject = subjectFor(binding, user);
  const isAccount = subject?.kind === "ServiceAccount";
  const name = own === undefined ? metadata.name : `${metadata.name}/${own}`;
  const to = isAccount ? `${subject.name}/${subject.namespace ?? own ?? ""}` : subject?.name;
  return `${kind} "${name}" of ${roleRef?.kind} "${roleRef?.name}" to ${subject?.kind} "${to}"`;
}

function missingRole({ roleRef }: Binding): string {
  return `${roleRef?.kind.toLowerCase()}.${groupSuffix} "${roleRef?.name}" not found`;
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

function refusal(user: User, asked: Attributes, reason: string | undefined): StatusError {
  const because = reason === undefined ? "" : `: ${reason}`;
  const { verb, path, group, resource, subresource, namespace, name } = asked;
  if (path !== undefined) {
    const message = `forbidden: User "${user.name}" cannot ${verb} path "${path}"${because}`;
    return new StatusError(403, "Forbidden", message, {});
  }
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const where =
    namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${where}${because}`;
  return forbidden({ group, plural: resource, kind: "" }, name, why);
}
