import type { ApiObject } from "../storage/stored-object.ts";
import type { Rule } from "./authorizer.ts";

const rbac = "rbac.authorization.k8s.io";
const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];

/** What a default role is, besides its name. */
interface DefaultRole {
  readonly rules?: readonly Rule[];
  /** The role that collects this one's rules: "admin" for aggregate-to-admin. */
  readonly aggregateTo?: string;
  /** Whether its rules are those of the roles that aggregate to it. */
  readonly aggregates?: boolean;
}

const allow = (group: string, resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
});

/** A workload with its subresources that say how it is. */
const withParts = (plural: string): string[] => [plural, `${plural}/scale`, `${plural}/status`];

// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles, for the kinds served.
const roles: Readonly<Record<string, DefaultRole>> = {
  "cluster-admin": {
    rules: [allow("*", ["*"], ["*"]), { nonResourceURLs: ["*"], verbs: ["*"] }],
  },
  admin: { aggregates: true },
  edit: { aggregates: true, aggregateTo: "admin" },
  view: { aggregates: true, aggregateTo: "edit" },
  "system:aggregate-to-admin": {
    aggregateTo: "admin",
    rules: [
      allow("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
      allow(rbac, ["rolebindings", "roles"], [...write, ...read]),
    ],
  },
  "system:aggregate-to-edit": {
    aggregateTo: "edit",
    rules: [
      allow(
        "",
        ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
        read,
      ),
      allow("", ["serviceaccounts"], ["impersonate"]),
      allow("", ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], write),
      allow("", ["pods/eviction"], ["create"]),
      allow(
        "",
        ["configmaps", "events", "secrets", "serviceaccounts", "services", "services/proxy"],
        write,
      ),
      allow("", ["serviceaccounts/token"], ["create"]),
      allow(
        "apps",
        [
          "daemonsets",
          "deployments",
          "deployments/rollback",
          "deployments/scale",
          "replicasets",
          "replicasets/scale",
          "statefulsets",
          "statefulsets/scale",
        ],
        write,
      ),
      allow("batch", ["jobs"], write),
      allow("networking.k8s.io", ["ingresses"], write),
      allow("coordination.k8s.io", ["leases"], [...write, ...read]),
    ],
  },
  "system:aggregate-to-view": {
    aggregateTo: "view",
    rules: [
      allow(
        "",
        ["configmaps", "endpoints", "pods", "serviceaccounts", "services", "services/status"],
        read,
      ),
      allow("", ["bindings", "events", "namespaces/status", "pods/log", "pods/status"], read),
      allow("", ["namespaces"], read),
      allow("discovery.k8s.io", ["endpointslices"], read),
      allow(
        "apps",
        [
          "controllerrevisions",
          "daemonsets",
          "daemonsets/status",
          ...withParts("deployments"),
          ...withParts("replicasets"),
          ...withParts("statefulsets"),
        ],
        read,
      ),
      allow("batch", ["jobs", "jobs/status"], read),
      allow("networking.k8s.io", ["ingresses", "ingresses/status"], read),
    ],
  },
  "system:auth-delegator": {
    rules: [
      allow("authentication.k8s.io", ["tokenreviews"], ["create"]),
      allow("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
    ],
  },
  "system:basic-user": {
    rules: [
      allow(
        "authorization.k8s.io",
        ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        ["create"],
      ),
      allow("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
  },
  "system:discovery": {
    rules: [
      {
        nonResourceURLs: [
          "/api",
          "/api/*",
          "/apis",
          "/apis/*",
          "/healthz",
          "/livez",
          "/openapi",
          "/openapi/*",
          "/readyz",
          "/version",
          "/version/",
        ],
        verbs: ["get"],
      },
    ],
  },
  "system:public-info-viewer": {
    rules: [
      {
        nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"],
        verbs: ["get"],
      },
    ],
  },
};

const bindings: Readonly<Record<string, readonly string[]>> = {
  "cluster-admin": ["system:masters"],
  "system:basic-user": ["system:authenticated"],
  "system:discovery": ["system:authenticated"],
  "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
};

/** The cluster roles that every cluster has; the collecting ones hold what they collect already. */
export function defaultClusterRoles(): ApiObject[] {
  return Object.entries(roles).map(([name, { aggregateTo, aggregates }]) => ({
    ...rbacObject(
      "ClusterRole",
      name,
      aggregateTo ? { [aggregationLabel(aggregateTo)]: "true" } : {},
    ),
    ...(aggregates
      ? {
          aggregationRule: {
            clusterRoleSelectors: [{ matchLabels: { [aggregationLabel(name)]: "true" } }],
          },
        }
      : {}),
    rules: rulesOf(name),
  }));
}

/** To whom those roles are given. */
export function defaultClusterRoleBindings(): ApiObject[] {
  return Object.entries(bindings).map(([name, groups]) => ({
    ...rbacObject("ClusterRoleBinding", name),
    subjects: groups.map((group) => ({ kind: "Group", apiGroup: rbac, name: group })),
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
  }));
}

function rulesOf(name: string): readonly Rule[] {
  const role = roles[name];
  if (!role?.aggregates) return role?.rules ?? [];
  return Object.keys(roles)
    .filter((other) => roles[other]?.aggregateTo === name)
    .toSorted()
    .flatMap(rulesOf);
}

function aggregationLabel(name: string): string {
  return `${rbac}/aggregate-to-${name}`;
}

function rbacObject(kind: string, name: string, labels: Record<string, string> = {}): ApiObject {
  return {
    kind,
    apiVersion: `${rbac}/v1`,
    metadata: {
      name,
      labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
      annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    },
  };
}
