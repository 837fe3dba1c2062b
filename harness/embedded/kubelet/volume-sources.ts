import type {
  Pod,
  Secret,
  ConfigMap,
  ServiceAccount,
  ServiceAccountTokenProjection,
} from "kubernetes-types/core/v1";
import type { Client, ObjectKey } from "../client.ts";
import type { KubeObject, Resource } from "../resource.ts";
import { configMaps, secrets, serviceAccounts } from "../resources.ts";
import { isStatus } from "../status-error.ts";
import { fromTime } from "../timestamps.ts";
import type { Clock } from "../../time/clock.ts";
import type { VolumeSources } from "./volume-content.ts";

interface TokenRequest extends KubeObject {
  spec: { audiences?: string[]; expirationSeconds: number; boundObjectRef: Record<string, string> };
  status?: { token: string; expirationTimestamp: string };
}

interface IssuedToken {
  readonly token: string;
  readonly renewAtMs: number;
}

/** Reads ConfigMaps, Secrets and tokens from the API server; tokens are kept until most of their life is over. */
export function createVolumeSources(
  client: Client,
  clock: Clock,
): VolumeSources & { forgetTokens(uid: string): void } {
  const tokens = new Map<string, IssuedToken>();
  return {
    configMap: (namespace, name) => find<ConfigMap>(client, configMaps, { namespace, name }),
    secret: (namespace, name) => find<Secret>(client, secrets, { namespace, name }),
    async token(pod, projection) {
      const key = `${pod.metadata?.uid} ${projection.audience ?? ""} ${projection.expirationSeconds ?? 3600}`;
      const known = tokens.get(key);
      if (known && clock.now() < known.renewAtMs) return known.token;
      const issued = await requestToken(client, pod, projection, clock);
      tokens.set(key, issued);
      return issued.token;
    },
    forgetTokens(uid) {
      for (const key of tokens.keys()) if (key.startsWith(`${uid} `)) tokens.delete(key);
    },
  };
}

async function find<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await client.get(resource, key);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

async function requestToken(
  client: Client,
  pod: Pod,
  { audience, expirationSeconds = 3600 }: ServiceAccountTokenProjection,
  clock: Clock,
): Promise<IssuedToken> {
  const { namespace = "", name: podName = "", uid = "" } = pod.metadata ?? {};
  const request: TokenRequest = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { namespace, name: pod.spec?.serviceAccountName ?? "default" },
    spec: {
      ...(audience ? { audiences: [audience] } : {}),
      expirationSeconds,
      boundObjectRef: { apiVersion: "v1", kind: "Pod", name: podName, uid },
    },
  };
  const resource: Resource<ServiceAccount> = serviceAccounts;
  const answer = await client.create(resource as Resource<TokenRequest>, request, {
    subresource: "token",
  });
  if (!answer.status) throw new Error("the API server issued no token");
  const now = clock.now();
  const lifeMs = (fromTime(answer.status.expirationTimestamp) ?? now) - now;
  // Kubernetes renews a token after four fifths of its life.
  return { token: answer.status.token, renewAtMs: now + lifeMs * 0.8 };
}
