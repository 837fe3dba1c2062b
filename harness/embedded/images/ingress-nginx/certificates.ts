import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Secret } from "kubernetes-types/core/v1";
import type { Ingress } from "kubernetes-types/networking/v1";
import { anyHost, type Certificate } from "./routing.ts";

interface Found {
  /** Undefined: the host is not served with a certificate of its own, and nobody is redirected to it. */
  readonly certificate: Certificate | undefined;
  readonly problem?: string;
}

/**
 * The certificate for a host of an Ingress. A host that is listed under tls is served by TLS in any case:
 * with the controller's own certificate where the Secret cannot be used.
 */
export function certificateFor(
  host: string,
  ingress: Ingress,
  secret: (name: string) => Secret | undefined,
): Found {
  const tls = (ingress.spec?.tls ?? []).find(
    ({ hosts = [] }) => hosts.includes(host) || (hosts.length === 0 && host !== anyHost),
  );
  if (!tls) return { certificate: undefined };
  if (!tls.secretName) return { certificate: "default" };
  const instead = (why: string): Found => ({
    certificate: "default",
    problem: `secret "${ingress.metadata?.namespace}/${tls.secretName}" ${why}: the default certificate is used for ${host}`,
  });
  const found = secret(tls.secretName);
  if (!found) return instead("does not exist");
  const { "tls.crt": crt, "tls.key": key } = found.data ?? {};
  if (!crt || !key) return instead("has no tls.crt and tls.key");
  try {
    const pair = { cert: decode(crt), key: decode(key) };
    const certificate = new X509Certificate(pair.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
      return instead("has a key that does not belong to its certificate");
    if (!certificate.checkHost(host.replace(/^\*\./, "any.")))
      return instead("has a certificate that does not name the host");
    return { certificate: pair };
  } catch (error) {
    return instead(`holds no certificate and key (${(error as Error).message})`);
  }
}

function decode(data: string): string {
  return Buffer.from(data, "base64").toString();
}
