import { generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from "node:crypto";
import type { Clock } from "../../../time/clock.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { User } from "../rest/request-context.ts";

const issuer = "https://kubernetes.default.svc.cluster.local";

/** What a token says. */
export interface TokenClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly nbf: number;
  readonly sub: string;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
  };
}

/** Whom a token is for, and what it is bound to. */
export interface TokenRequest {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod?: { readonly name: string; readonly uid: string };
}

/** Signs and checks service accounts' tokens: JWTs as Kubernetes issues them, by ES256. */
export class ServiceAccountTokens {
  readonly #clock: Clock;
  readonly #store: ObjectStore;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  constructor(store: ObjectStore, clock: Clock) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#store = store;
    this.#clock = clock;
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  issue(request: TokenRequest): { token: string; expiresMs: number } {
    const { namespace, name, uid, pod, audiences, expirationSeconds } = request;
    const now = Math.floor(this.#clock.now() / 1000);
    const exp = now + expirationSeconds;
    const claims: TokenClaims = {
      aud: audiences.length > 0 ? audiences : [issuer],
      exp,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      "kubernetes.io": { namespace, ...(pod ? { pod } : {}), serviceaccount: { name, uid } },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const body = `${encode({ alg: "ES256", typ: "JWT" })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(body), {
      key: this.#privateKey,
      dsaEncoding: "ieee-p1363",
    });
    return { token: `${body}.${signature.toString("base64url")}`, expiresMs: exp * 1000 };
  }

  /** The token's account; undefined where it is not ours, expired, or its account or pod is gone. */
  authenticate(token: string, audience = issuer): User | undefined {
    const claims = this.#verified(token);
    if (!claims?.aud.includes(audience)) return undefined;
    const { namespace, serviceaccount, pod } = claims["kubernetes.io"];
    const { name, uid } = serviceaccount;
    const account = this.#store.get("serviceaccounts", { namespace, name });
    if (account?.metadata.uid !== uid) return undefined;
    if (pod) {
      const bound = this.#store.get("pods", { namespace, name: pod.name });
      if (bound?.metadata.uid !== pod.uid) return undefined;
    }
    return {
      name: claims.sub,
      uid,
      groups: [
        "system:serviceaccounts",
        `system:serviceaccounts:${namespace}`,
        "system:authenticated",
      ],
      ...(pod
        ? {
            extra: {
              "authentication.kubernetes.io/pod-name": [pod.name],
              "authentication.kubernetes.io/pod-uid": [pod.uid],
            },
          }
        : {}),
    };
  }

  #verified(token: string): TokenClaims | undefined {
    const [header, payload, signature] = token.split(".");
    if (!header || !payload || !signature) return undefined;
    const key = { key: this.#publicKey, dsaEncoding: "ieee-p1363" } as const;
    const body = Buffer.from(`${header}.${payload}`);
    if (!verify("sha256", body, key, Buffer.from(signature, "base64url"))) return undefined;
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as TokenClaims;
    return claims.exp * 1000 > this.#clock.now() ? claims : undefined;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
