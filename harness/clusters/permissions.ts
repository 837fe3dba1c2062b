import { AuthorizationV1Api, type KubeConfig } from "@kubernetes/client-node";
import { LabError } from "../errors/lab-error.ts";

interface Permission {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
}

/** What a run asks of a cluster that is not its own, in any namespace: the labs make theirs. */
const forLabs: readonly Permission[] = [
  { verb: "create", resource: "namespaces" },
  { verb: "delete", resource: "namespaces" },
  { verb: "list", resource: "nodes" },
  { verb: "patch", group: "apps", resource: "deployments" },
  { verb: "patch", resource: "services" },
  { verb: "patch", resource: "configmaps" },
  { verb: "patch", resource: "secrets" },
  { verb: "watch", resource: "pods" },
  { verb: "delete", resource: "pods" },
  { verb: "create", resource: "pods", subresource: "exec" },
  { verb: "get", resource: "pods", subresource: "log" },
  { verb: "watch", group: "discovery.k8s.io", resource: "endpointslices" },
  { verb: "list", resource: "events" },
];

/** Installing add-ons makes roles and webhooks, which needs every right. */
const forAddons: readonly Permission[] = [{ verb: "*", group: "*", resource: "*" }];

/** Asks the server whether this user may do what a run does; fails naming everything that is missing. */
export async function mustBeAllowed(
  kubeConfig: KubeConfig,
  { install }: { readonly install: boolean },
): Promise<void> {
  const api = kubeConfig.makeApiClient(AuthorizationV1Api);
  const wanted = install ? [...forLabs, ...forAddons] : forLabs;
  const answers = await Promise.all(
    wanted.map(async (permission) => {
      const spec = { resourceAttributes: permission };
      const { status } = await api.createSelfSubjectAccessReview({ body: { spec } });
      return { permission, allowed: status?.allowed ?? false };
    }),
  );
  const missing = answers.filter(({ allowed }) => !allowed).map(({ permission }) => permission);
  if (missing.length === 0) return;
  throw new LabError(
    "RBAC_TOO_SMALL",
    `context ${kubeConfig.currentContext}: its user may not ${missing.map(describe).join(", ")}`,
    { facts: { missing } },
  );
}

function describe({ verb, group, resource, subresource }: Permission): string {
  if (verb === "*") return "do everything, as --install needs";
  const kind = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${kind}${group === undefined ? "" : `.${group}`}`;
}
