import type { Gateway } from "../routing/istio-types.ts";
import {
  all,
  builtOf,
  flag,
  ignored,
  listOf,
  mapOf,
  port,
  rule,
  type Schema,
  shape,
  text,
  unbuilt,
} from "./schema.ts";

type Spec = NonNullable<Gateway["spec"]>;

const protocol: Schema = (value, path, report) =>
  builtOf(
    ["HTTP", "HTTP2", "GRPC"],
    ["HTTPS", "TCP", "TLS", "MONGO", "GRPC-WEB", "AUTO_PASSTHROUGH"],
  )(String(value).toUpperCase(), path, report);

const server = shape(
  {
    name: text,
    port: shape({ number: port, name: text, protocol, targetPort: ignored }, [
      "number",
      "protocol",
    ]),
    hosts: listOf(text),
    bind: unbuilt,
    defaultEndpoint: unbuilt,
    tls: shape({
      mode: unbuilt,
      credentialName: unbuilt,
      httpsRedirect: flag,
      serverCertificate: unbuilt,
      privateKey: unbuilt,
      caCertificates: unbuilt,
      caCrl: unbuilt,
      subjectAltNames: unbuilt,
      credentialNames: unbuilt,
      verifyCertificateSpki: unbuilt,
      verifyCertificateHash: unbuilt,
      minProtocolVersion: unbuilt,
      maxProtocolVersion: unbuilt,
      cipherSuites: unbuilt,
      tlsCertificates: unbuilt,
    }),
  },
  ["port", "hosts"],
);

/** Gateway's spec. */
export const gatewaySpec = all(
  shape({ selector: mapOf(text), servers: listOf(server) }, ["servers"]),
  rule((spec: Spec, path, report) => {
    if ((spec.servers ?? []).length === 0) report(`${path}.servers`, "needs at least one server");
    for (const [index, { hosts }] of (spec.servers ?? []).entries()) {
      const at = `${path}.servers[${index}]`;
      if ((hosts ?? []).length === 0) report(`${at}.hosts`, "needs at least one host");
    }
  }),
);
