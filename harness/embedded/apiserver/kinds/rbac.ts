import type { RoleBinding as Binding } from "kubernetes-types/rbac/v1";
import type { KubeObject, Resource } from "../../resource.ts";
import type { FieldErrors } from "../errors/field-errors.ts";
import { equalJson } from "../storage/stored-object.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { type Column, defineKind } from "./kind.ts";

/** What RoleBinding and ClusterRoleBinding share. */
type RoleBinding = KubeObject & Pick<Binding, "roleRef" | "subjects">;

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" } as const;

const roles: Resource = { ...rbac, kind: "Role", plural: "roles", namespaced: true };
const roleBindings: Resource<RoleBinding> = {
  ...rbac,
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
};
const clusterRoles: Resource = {
  ...rbac,
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
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

function validateBinding(
  { roleRef }: RoleBinding,
  errors: FieldErrors,
  old: RoleBinding | undefined,
): void {
  if (!roleRef?.name) errors.required("roleRef.name");
  if (old && !equalJson(roleRef, old.roleRef)) {
    errors.invalid("roleRef", roleRef, "cannot change roleRef");
  }
}

const bindingRules = {
  setDefaults: setBindingDefaults,
  validate: validateBinding,
  columns: bindingColumns,
};

/** Roles and bindings: who may do what. */
export const rbacKinds = [
  defineKind({
    resource: roles,
    singular: "role",
    schema: "Role",
    names: "path",
    columns: [nameColumn, createdAtColumn],
  }),
  defineKind({
    resource: roleBindings,
    singular: "rolebinding",
    schema: "RoleBinding",
    names: "path",
    ...bindingRules,
  }),
  defineKind({
    resource: clusterRoles,
    singular: "clusterrole",
    schema: "ClusterRole",
    names: "path",
    columns: [nameColumn, createdAtColumn],
  }),
  defineKind({
    resource: clusterRoleBindings,
    singular: "clusterrolebinding",
    schema: "ClusterRoleBinding",
    names: "path",
    ...bindingRules,
  }),
];
