import type { DestinationRule } from "../routing/istio-types.ts";
import {
  all,
  builtOf,
  count,
  ignored,
  listOf,
  mapOf,
  port,
  positiveDuration,
  rule,
  shape,
  text,
  unbuilt,
  percentValue,
  flag,
} from "./schema.ts";

type Spec = NonNullable<DestinationRule["spec"]>;

const policyFields = {
  loadBalancer: shape({
    simple: builtOf(
      ["UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "RANDOM", "ROUND_ROBIN"],
      ["PASSTHROUGH"],
    ),
    consistentHash: shape({
      httpHeaderName: text,
      // The proxy makes no cookie of its own.
      httpCookie: shape({ name: text, path: unbuilt, ttl: unbuilt, attributes: unbuilt }, ["name"]),
      useSourceIp: flag,
      httpQueryParameterName: text,
      ringHash: shape({ minimumRingSize: ignored }),
      maglev: shape({ tableSize: ignored }),
      minimumRingSize: ignored,
    }),
    localityLbSetting: unbuilt,
    warmupDurationSecs: unbuilt,
    warmup: unbuilt,
  }),
  connectionPool: shape({
    tcp: shape({
      maxConnections: count,
      connectTimeout: positiveDuration,
      tcpKeepalive: ignored,
      maxConnectionDuration: unbuilt,
      idleTimeout: unbuilt,
    }),
    http: shape({
      http1MaxPendingRequests: count,
      http2MaxRequests: count,
      maxRequestsPerConnection: count,
      maxRetries: unbuilt,
      idleTimeout: unbuilt,
      h2UpgradePolicy: unbuilt,
      useClientProtocol: unbuilt,
      maxConcurrentStreams: unbuilt,
    }),
  }),
  outlierDetection: shape({
    consecutive5xxErrors: count,
    consecutiveGatewayErrors: count,
    interval: positiveDuration,
    baseEjectionTime: positiveDuration,
    maxEjectionPercent: percentValue,
    minHealthPercent: unbuilt,
    consecutiveErrors: unbuilt,
    splitExternalLocalOriginErrors: unbuilt,
    consecutiveLocalOriginFailures: unbuilt,
    failurePercentageThreshold: unbuilt,
  }),
  tls: shape({
    mode: builtOf(["DISABLE", "ISTIO_MUTUAL"], ["SIMPLE", "MUTUAL"]),
    clientCertificate: unbuilt,
    privateKey: unbuilt,
    caCertificates: unbuilt,
    credentialName: unbuilt,
    subjectAltNames: unbuilt,
    sni: unbuilt,
    insecureSkipVerify: unbuilt,
    caCrl: unbuilt,
  }),
  tunnel: unbuilt,
  proxyProtocol: unbuilt,
  retryBudget: unbuilt,
} as const;

const trafficPolicy = shape({
  ...policyFields,
  portLevelSettings: listOf(shape({ ...policyFields, port: shape({ number: port }) }, ["port"])),
});

/** DestinationRule's spec. */
export const destinationRuleSpec = all(
  shape(
    {
      host: text,
      trafficPolicy,
      subsets: listOf(shape({ name: text, labels: mapOf(text), trafficPolicy }, ["name"])),
      exportTo: listOf(text),
      workloadSelector: unbuilt,
    },
    ["host"],
  ),
  rule((spec: Spec, path, report) => {
    const names = (spec.subsets ?? []).map((subset) => subset.name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) {
        report(`${path}.subsets[${index}].name`, `the subset ${name} is there twice`);
      }
    }
  }),
);
