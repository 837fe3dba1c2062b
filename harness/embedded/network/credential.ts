import { createHmac, timingSafeEqual } from "node:crypto";

/** Who speaks on a control connection. */
export type Identity =
  | { readonly kind: "pod"; readonly ip: string; readonly uid: string; readonly proxy: boolean }
  | { readonly kind: "node" };

export interface Credential {
  readonly identity: string;
  readonly mac: string;
}

/** A credential that only who knows the cluster's secret can make. */
export function issueCredential(secret: string, identity: Identity): Credential {
  const text = JSON.stringify(identity);
  return { identity: text, mac: macOf(secret, text).toString("base64url") };
}

/** The identity that the credential proves, or undefined where it was not made with this secret. */
export function verifyCredential(
  secret: string,
  credential: { readonly identity: unknown; readonly mac: unknown },
): Identity | undefined {
  if (typeof credential.identity !== "string" || typeof credential.mac !== "string")
    return undefined;
  const expected = macOf(secret, credential.identity);
  const received = Buffer.from(credential.mac, "base64url");
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
  return JSON.parse(credential.identity) as Identity;
}

function macOf(secret: string, text: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}
