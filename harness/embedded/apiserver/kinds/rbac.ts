import type {
  RoleBinding as Binding,
  ClusterRole,
  PolicyRule,
  Subject,
} from "kubernetes-types/rbac/v1";
import type { KubeObject, Resource } from "../../resource.ts";
import { clusterRoles } from "../../resources.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { equalJson } from "../storage/stored-object.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { checkName } from "../validation/names.ts";
import { type Column, defineKind } from "./kind.ts";

/** What RoleBinding and ClusterRoleBinding share. */
type RoleBinding = KubeObject & Pick<Binding, "roleRef" | "subjects">;

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" } as const;

/** What Role and ClusterRole share, and what only the latter has. */
type RoleWithRules = KubeObject & Pick<ClusterRole, "rules" | "aggregationRule">;

const roles: Resource<RoleWithRules> = { ...rbac, kind: "Role", plural: "roles", namespaced: true };
const roleBindings: Resource<RoleBinding> = {
  ...rbac,
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
};
const clusterRoleBindings: Resource<RoleBinding> = {
  ...rbac,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
};

const apiGroup = rbac.group;

const createdAtColumn: Column<KubeObject> = {
  name: "Created At",
  type: "date",
  cell: ({ metadata }) => metadata?.creationTimestamp ?? "<unknown>",
};

const bindingColumns: readonly Column<RoleBinding>[] = [
  nameColumn,
  { name: "Role", type: "string", cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  ageColumn,
  ...(["User", "Group", "ServiceAccount"] as const).map((kind) => ({
    name: `${kind}s`,
    type: "string" as const,
    priority: 1 as const,
    cell: ({ subjects = [] }: RoleBinding) =>
      subjects
        .filter((subject) => subject.kind === kind)
        .map(({ name, namespace }) => (namespace ? `${namespace}/${name}` : name))
        .join(", "),
  })),
];

function setBindingDefaults({ roleRef, subjects }: RoleBinding): void {
  if (roleRef) roleRef.apiGroup ||= apiGroup;
  for (const subject of subjects ?? []) {
    if (subject.kind !== "ServiceAccount") subject.apiGroup ||= apiGroup;
  }
}

/** What RoleBinding and ClusterRoleBinding may name. */
function validateBinding(isNamespaced: boolean) {
  const kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  return (
    { roleRef, subjects }: RoleBinding,
    errors: FieldErrors,
    old: RoleBinding | undefined,
  ): void => {
    const { apiGroup: group, kind, name } = roleRef ?? {};
    if (group !== apiGroup) errors.notSupported("roleRef.apiGroup", group ?? "", [apiGroup]);
    if (!kind || !kinds.includes(kind)) errors.notSupported("roleRef.kind", kind ?? "", kinds);
    if (!name) errors.required("roleRef.name");
    else checkName("path", "roleRef.name", name, errors);
    for (const [index, subject] of (subjects ?? []).entries()) {
      validateSubject(`subjects[${index}]`, subject, isNamespaced, errors);
    }
    if (old && !equalJson(roleRef, old.roleRef)) {
      errors.invalid("roleRef", roleRef, "cannot change roleRef");
    }
  };
}

const subjectKinds = ["ServiceAccount", "User", "Group"];

function validateSubject(
  at: string,
  subject: Subject,
  isNamespaced: boolean,
  errors: FieldErrors,
): void {
  const { kind, name, namespace, apiGroup: group = "" } = subject;
  if (!name) errors.required(`${at}.name`);
  if (!subjectKinds.includes(kind)) return errors.notSupported(`${at}.kind`, kind, subjectKinds);
  const isAccount = kind === "ServiceAccount";
  if (isAccount && name) checkName("subdomain", `${at}.name`, name, errors);
  const wanted = isAccount ? "" : apiGroup;
  if (group !== wanted) errors.notSupported(`${at}.apiGroup`, group, [wanted]);
  if (isAccount && !namespace && !isNamespaced) errors.required(`${at}.namespace`);
}

function validateRules(isNamespaced: boolean) {
  return ({ rules, aggregationRule }: RoleWithRules, errors: FieldErrors): void => {
    for (const [index, rule] of (rules ?? []).entries()) {
      validateRule(`rules[${index}]`, rule, isNamespaced, errors);
    }
    if (aggregationRule && !aggregationRule.clusterRoleSelectors?.length) {
      const why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
      errors.required("aggregationRule.clusterRoleSelectors", why);
    }
  };
}

function validateRule(
  at: string,
  rule: PolicyRule,
  isNamespaced: boolean,
  errors: FieldErrors,
): void {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs: urls } = rule;
  if (!verbs?.length) errors.required(`${at}.verbs`, "verbs must contain at least one value");
  if (urls?.length) {
    const problem = isNamespaced
      ? "namespaced rules cannot apply to non-resource URLs"
      : [apiGroups, resources, resourceNames].some((list) => list?.length)
        ? "rules cannot apply to both regular resources and non-resource URLs"
        : undefined;
    if (problem) errors.invalid(`${at}.nonResourceURLs`, urls, problem);
    return;
  }
  if (!apiGroups?.length) {
    errors.required(`${at}.apiGroups`, "resource rules must supply at least one api group");
  }
  if (!resources?.length) {
    errors.required(`${at}.resources`, "resource rules must supply at least one resource");
  }
}

const bindingRules = { setDefaults: setBindingDefaults, columns: bindingColumns };

/** Roles and bindings: who may do what. */
export const rbacKinds = [
  defineKind({
    resource: roles,
    singular: "role",
    schema: "Role",
    names: "path",
    validate: validateRules(true),
    columns: [nameColumn, createdAtColumn],
  }),
  defineKind({
    resource: roleBindings,
    singular: "rolebinding",
    schema: "RoleBinding",
    names: "path",
    ...bindingRules,
    validate: validateBinding(true),
  }),
  defineKind({
    resource: clusterRoles,
    singular: "clusterrole",
    schema: "ClusterRole",
    names: "path",
    validate: validateRules(false),
    columns: [nameColumn, createdAtColumn],
  }),
  defineKind({
    resource: clusterRoleBindings,
    singular: "clusterrolebinding",
    schema: "ClusterRoleBinding",
    names: "path",
    ...bindingRules,
    validate: validateBinding(false),
  }),
];
