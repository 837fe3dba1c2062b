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
 * The certificate for a host of an Ingress with tls: of the Secret that tls names for the host, else of the first
 * whose certificate names the host, else the controller's own (extractTLSSecretName and createServers).
 */
export function certificateFor(
  host: string,
  ingress: Ingress,
  secret: (name: string) => Secret | undefined,
): Found {
  const all = ingress.spec?.tls ?? [];
  if (host === anyHost || all.length === 0) return { certificate: undefined };
  const listed = all.find(({ hosts = [] }) => hosts.some((one) => one.toLowerCase() === host));
  if (listed && !listed.secretName) return { certificate: "default" };
  const instead = (why: string): Found => ({
    certificate: "default",
    problem: `${why}: the default certificate is used for ${host}`,
  });
  const names = all.flatMap(({ secretName }) => secretName ?? []);
  const name = listed?.secretName ?? names.find((one) => !readPair(secret(one), host).problem);
  if (!name) return instead("no certificate under tls names the host");
  const { pair, problem } = readPair(secret(name), host);
  return pair
    ? { certificate: pair }
    : instead(`secret "${ingress.metadata?.namespace}/${name}" ${problem}`);
}

type Pair = Exclude<Certificate, "default">;

/** A Secret's certificate and key, or why they are of no use for the host. */
function readPair(found: Secret | undefined, host: string): { pair?: Pair; problem?: string } {
  if (!found) return { problem: "does not exist" };
  const { "tls.crt": crt, "tls.key": key } = found.data ?? {};
  if (!crt || !key) return { problem: "has no tls.crt and tls.key" };
  try {
    const pair = { cert: decode(crt), key: decode(key) };
    const certificate = new X509Certificate(pair.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
      return { problem: "has a key that does not belong to its certificate" };
    if (!certificate.checkHost(host.replace(/^\*\./, "any.")))
      return { problem: "has a certificate that does not name the host" };
    return { pair };
  } catch (error) {
    return { problem: `holds no certificate and key (${(error as Error).message})` };
  }
}

function decode(data: string): string {
  return Buffer.from(data, "base64").toString();
}
