import { generateKeyPairSync } from "node:crypto";
import { request } from "node:https";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "../../../time/clock.ts";
import type { ListenerTls } from "../data-plane/listener.ts";
import type { UpstreamTls } from "../data-plane/upstream.ts";

/** How a proxy gets its certificate. */
export interface IdentityOptions {
  readonly clock: Clock;
  /** "istiod.istio-system.svc:15012" */
  readonly caAddress: string;
  /** The authority that istiod's own certificate comes from, PEM. */
  readonly rootCertificate: () => string | undefined;
  /** The pod's service account token, read anew each time because it is rotated. */
  readonly token: () => Promise<string>;
  readonly onError: (error: unknown) => void;
}

interface Credentials {
  readonly certificate: string;
  readonly key: string;
  readonly rootCertificate: string;
}

/** Certificates are good for a day and are replaced at half of that. */
const renewMs = 12 * 3_600_000;
const retryMs = 200;

// Istio marks its own TLS by ALPN, so that an app's TLS on the same port can be told from it.
const meshProtocols = ["istio"];

/** A workload's certificate, and the TLS settings made of it, for both directions. */
export class WorkloadIdentity {
  readonly #options: IdentityOptions;
  #context: SecureContext | undefined;
  #credentials: Credentials | undefined;
  readonly #upstreams = new Map<string, UpstreamTls>();
  readonly #listeners = new Map<boolean, ListenerTls>();

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  /** Resolves when the first certificate is there; it is renewed by itself from then on. */
  async obtain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#renew();
        break;
      } catch (error) {
        this.#options.onError(error);
        await this.#options.clock.sleep(retryMs, signal);
      }
    }
    this.#options.clock.after(renewMs, () => {
      this.obtain(signal).catch(this.#options.onError);
    });
  }

  /** TLS towards a peer that must prove this SPIFFE name. */
  upstream(peer: string): UpstreamTls {
    const known = this.#upstreams.get(peer);
    if (known) return known;
    if (!this.#context) throw new Error("the workload has no certificate yet");
    const tls: UpstreamTls = {
      context: this.#context,
      alpn: meshProtocols,
      verifyPeer: (uri) => (uri === peer ? undefined : `the peer is ${uri} and not ${peer}`),
    };
    this.#upstreams.set(peer, tls);
    return tls;
  }

  /** TLS for the pod's own ports; undefined until there is a certificate. */
  listener(optional: boolean): ListenerTls | undefined {
    if (!this.#credentials) return undefined;
    const known = this.#listeners.get(optional);
    if (known) return known;
    const { certificate, key, rootCertificate } = this.#credentials;
    const tls: ListenerTls = {
      optional,
      accepts: ({ protocols }) => protocols.some((name) => name.startsWith("istio")),
      options: {
        cert: certificate,
        key,
        ca: rootCertificate,
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: meshProtocols,
        minVersion: "TLSv1.2",
      },
    };
    this.#listeners.set(optional, tls);
    return tls;
  }

  async #renew(): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const body = { publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() };
    const answer = await askAuthority(this.#options, body);
    this.#credentials = { ...answer, key };
    const { certificate, rootCertificate } = answer;
    this.#context = createSecureContext({ cert: certificate, key, ca: rootCertificate });
    this.#upstreams.clear();
    this.#listeners.clear();
  }
}

async function askAuthority(
  options: IdentityOptions,
  body: unknown,
): Promise<Omit<Credentials, "key">> {
  const ca = options.rootCertificate();
  if (!ca) throw new Error("ConfigMap istio-ca-root-cert is not there yet");
  const [host = "", port] = options.caAddress.split(":");
  const token = await options.token();
  return new Promise((resolve, reject) => {
    const asking = request({
      host,
      port: Number(port),
      path: "/sign",
      method: "POST",
      ca,
      servername: "istiod.istio-system.svc",
      agent: false,
      timeout: 5000,
      headers: { authorization: `Bearer ${token.trim()}` },
    });
    asking.on("timeout", () => asking.destroy(new Error("istiod did not answer in 5 s")));
    asking.on("error", reject);
    asking.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as Omit<Credentials, "key">);
        else reject(new Error(`istiod answered ${response.statusCode}: ${text}`));
      });
    });
    asking.end(JSON.stringify(body));
  });
}
