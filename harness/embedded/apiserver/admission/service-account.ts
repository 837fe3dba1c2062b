import type { Pod, Volume } from "kubernetes-types/core/v1";
import { containersOf } from "../defaults/pod-spec-defaults.ts";
import { forbidden } from "../errors/api-errors.ts";
import { randomSuffix } from "../storage/object-metadata.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { ApiObject } from "../storage/stored-object.ts";
import type { AdmissionStep } from "./admission.ts";

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

interface ServiceAccount extends ApiObject {
  readonly automountServiceAccountToken?: boolean;
  readonly imagePullSecrets?: { name?: string }[];
}

/** Gives every pod its service account, and the account's token as a volume. */
export function createServiceAccountAdmission(store: ObjectStore): AdmissionStep {
  return ({ operation, served, object, namespace, name }) => {
    if (operation !== "CREATE" || served.resource.plural !== "pods") return;
    const { spec } = object as Pod;
    if (!spec) return;
    const account = spec.serviceAccountName || "default";
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
    const found = store.get("serviceaccounts", { namespace, name: account });
    if (!found) {
      const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
      throw forbidden(served.resource, name, why);
    }
    const { automountServiceAccountToken, imagePullSecrets = [] } = found as ServiceAccount;
    if (imagePullSecrets.length > 0) {
      spec.imagePullSecrets ??= imagePullSecrets.map((secret) => ({ ...secret }));
    }
    if (spec.automountServiceAccountToken ?? automountServiceAccountToken ?? true) {
      mountToken(spec);
    }
  };
}

function mountToken(spec: NonNullable<Pod["spec"]>): void {
  const lacking = containersOf(spec).filter(
    ({ volumeMounts = [] }) => !volumeMounts.some((mount) => mount.mountPath === mountPath),
  );
  if (lacking.length === 0) return;
  const present = spec.volumes?.find(({ name }) => name.startsWith("kube-api-access-"));
  const volume = present ?? tokenVolume(`kube-api-access-${randomSuffix()}`);
  if (!present) spec.volumes = [...(spec.volumes ?? []), volume];
  for (const container of lacking) {
    const mount = { name: volume.name, readOnly: true, mountPath };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [
              {
                path: "namespace",
                fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" },
              },
            ],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}
