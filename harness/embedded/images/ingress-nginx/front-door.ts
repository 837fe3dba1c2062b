import { createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "../../../time/clock.ts";
import { CertificateAuthority } from "../../apiserver/auth/certificates.ts";
import { bindTo, Listener, type ListenerTls } from "../data-plane/listener.ts";
import type { IngressProxy } from "./handle-request.ts";
import { chooseHost } from "./locations.ts";
import type { Certificate } from "./routing.ts";

const fakeName = "Kubernetes Ingress Controller Fake Certificate";

export interface FrontDoorOptions {
  readonly clock: Clock;
  readonly proxy: IngressProxy;
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** The controller's ports for HTTP and HTTPS. */
export interface FrontDoor extends AsyncDisposable {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Takes nothing new; what is in flight is answered. */
  drain(): void;
  stop(): Promise<void>;
}

/** Opens both ports; the certificate follows the client's server name and the current routing. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { clock, proxy, httpPort, httpsPort } = options;
  const shared = {
    clock,
    protocol: () => "http" as const,
    tcp: (socket: { destroy(): unknown }) => void socket.destroy(),
  };
  const tls = createTls(proxy, clock);
  const http = await Listener.open({
    ...shared,
    bind: bindTo(httpPort),
    handler: (exchange) => proxy.handle(exchange, 80),
  });
  const https = await Listener.open({
    ...shared,
    bind: bindTo(httpsPort),
    handler: (exchange) => proxy.handle(exchange, 443),
    tls: () => tls,
  });
  const stop = async (): Promise<void> => {
    await Promise.all([http.stop(), https.stop()]);
  };
  return {
    httpPort: http.port,
    httpsPort: https.port,
    drain: () => [http, https].forEach((listener) => listener.drain()),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function createTls(proxy: IngressProxy, clock: Clock): ListenerTls {
  const { certificate: cert, key } = new CertificateAuthority(fakeName, clock.now()).issue({
    commonName: fakeName,
    organizations: ["Acme Co"],
    hosts: ["ingress.local"],
  });
  const fake = createSecureContext({ cert, key });
  const contexts = new WeakMap<Exclude<Certificate, "default">, SecureContext>();
  return {
    // A plain request on the HTTPS port is not answered.
    optional: false,
    options: {
      cert,
      key,
      ALPNProtocols: ["h2", "http/1.1"],
      SNICallback: (name, answer) => {
        const certificate = chooseHost(proxy.routing, name.toLowerCase())?.certificate;
        if (!certificate || certificate === "default") return answer(null, fake);
        let context = contexts.get(certificate);
        if (!context) contexts.set(certificate, (context = createSecureContext(certificate)));
        answer(null, context);
      },
    },
  };
}
