import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "kubernetes-types/rbac/v1";
import type { Resource } from "../../resource.ts";
import { defineKind } from "./kind.ts";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" } as const;

const roles: Resource<Role> = { ...rbac, kind: "Role", plural: "roles", namespaced: true };
const roleBindings: Resource<RoleBinding> = {
  ...rbac,
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
};
const clusterRoles: Resource<ClusterRole> = {
  ...rbac,
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
};
const clusterRoleBindings: Resource<ClusterRoleBinding> = {
  ...rbac,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
};

/** Roles and bindings: who may do what. */
export const rbacKinds = [
  defineKind({ resource: roles, singular: "role", schema: "Role", names: "path" }),
  defineKind({
    resource: roleBindings,
    singular: "rolebinding",
    schema: "RoleBinding",
    names: "path",
  }),
  defineKind({
    resource: clusterRoles,
    singular: "clusterrole",
    schema: "ClusterRole",
    names: "path",
  }),
  defineKind({
    resource: clusterRoleBindings,
    singular: "clusterrolebinding",
    schema: "ClusterRoleBinding",
    names: "path",
  }),
];
