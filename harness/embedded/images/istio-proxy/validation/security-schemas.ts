import {
  all,
  builtOf,
  isRecord,
  listOf,
  mapOf,
  oneOf,
  type Report,
  rule,
  type Schema,
  shape,
  text,
  unbuilt,
} from "./schema.ts";

const selector = shape({ matchLabels: mapOf(text) });
const mode = shape({ mode: oneOf("UNSET", "STRICT", "PERMISSIVE", "DISABLE") });

/** PeerAuthentication's spec. */
export const peerAuthenticationSpec = all(
  shape({ selector, mtls: mode, portLevelMtls: mapOf(mode) }),
  rule((spec: { selector?: object; portLevelMtls?: object }, path, report) => {
    if (spec.portLevelMtls && !spec.selector) report(`${path}.portLevelMtls`, "needs a selector");
  }),
);

const texts = listOf(text);
/** Paths by prefix, suffix or as they are; templates are newer than that. */
const paths = listOf((value, path, report) => {
  text(value, path, report);
  if (/[{}]/.test(String(value))) unbuilt(value, path, report);
});
const ipv4Blocks = listOf((value, path, report) => {
  if (!/^\d+(\.\d+){3}(\/\d+)?$/.test(String(value)))
    report(path, "expected an IPv4 address or block");
});

const conditionKey: Schema = (value, path, report: Report) => {
  const key = String(value);
  const built = ["source.ip", "source.namespace", "source.principal", "destination.port"];
  if (!built.includes(key) && !/^request\.headers\[.+\]$/.test(key)) unbuilt(value, path, report);
};

const authorizationRule = shape({
  from: listOf(
    shape({
      source: shape({
        principals: texts,
        notPrincipals: texts,
        namespaces: texts,
        notNamespaces: texts,
        serviceAccounts: texts,
        notServiceAccounts: texts,
        ipBlocks: ipv4Blocks,
        notIpBlocks: ipv4Blocks,
        requestPrincipals: unbuilt,
        notRequestPrincipals: unbuilt,
        remoteIpBlocks: unbuilt,
        notRemoteIpBlocks: unbuilt,
      }),
    }),
  ),
  to: listOf(
    shape({
      operation: shape({
        hosts: texts,
        notHosts: texts,
        ports: texts,
        notPorts: texts,
        methods: texts,
        notMethods: texts,
        paths,
        notPaths: paths,
      }),
    }),
  ),
  when: listOf(shape({ key: conditionKey, values: texts, notValues: texts }, ["key"])),
});

/** AuthorizationPolicy's spec. */
export const authorizationPolicySpec = all(
  shape({
    selector,
    action: builtOf(["ALLOW", "DENY"], ["AUDIT", "CUSTOM"]),
    rules: listOf(authorizationRule),
    targetRef: unbuilt,
    targetRefs: unbuilt,
    provider: unbuilt,
  }),
  rule((spec: { rules?: readonly unknown[] }, path, report) => {
    for (const [index, one] of (spec.rules ?? []).entries()) {
      for (const name of ["from", "to"] as const) {
        const list = isRecord(one) ? one[name] : undefined;
        if (Array.isArray(list) && list.length === 0) {
          report(`${path}.rules[${index}].${name}`, "must not be empty");
        }
      }
    }
  }),
);
