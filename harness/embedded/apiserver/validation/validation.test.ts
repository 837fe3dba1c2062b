import { expect, test } from "vitest";
import { allKinds } from "../kinds/all-kinds.ts";
import { FieldErrors } from "../errors/field-errors.ts";
import { type ApiObject, copyJson } from "../storage/stored-object.ts";

/** What is wrong with an object of the kind, once it has its defaults. */
function problemsOf(kindName: string, content: object): string[] {
  const kind = allKinds.find(({ resource }) => resource.kind === kindName);
  if (!kind) throw new Error(`no kind ${kindName}`);
  const object = copyJson({ metadata: { name: "x" }, ...content }) as ApiObject;
  kind.setDefaults?.(object);
  const errors = new FieldErrors();
  kind.validate?.(object, errors, undefined);
  return errors.causes.map(({ field, message }) => `${field}: ${message}`);
}

const container = { name: "c", image: "i" };
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [container] } };
const pod = (more: object, spec: object = {}): [string, object] => [
  "Pod",
  { spec: { containers: [{ ...container, ...more }], ...spec } },
];
const service = (spec: object): [string, object] => [
  "Service",
  { spec: { ports: [{ port: 80 }], ...spec } },
];
const path = (more: object): [string, object] => [
  "Ingress",
  { spec: { rules: [{ http: { paths: [{ path: "/", pathType: "Prefix", ...more }] } }] } },
];
const backend = (port: object, name = "web"): object => ({ backend: { service: { name, port } } });
const at = "spec.containers[0]";
const inPath = "spec.rules[0].http.paths[0]";

test.each<[[string, object], string[]]>([
  [
    pod({ resources: { requests: { mem: "1Gi", cpu: "-1" } } }),
    [
      `${at}.resources.requests[mem]: Invalid value: "mem": must be a standard resource type or fully qualified`,
      `${at}.resources.requests[mem]: Invalid value: "mem": must be a standard resource for containers`,
      `${at}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
    ],
  ],
  [
    pod({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "", key: "" } } }] }),
    [
      `${at}.env[0].valueFrom.configMapKeyRef.name: Required value`,
      `${at}.env[0].valueFrom.configMapKeyRef.key: Required value`,
    ],
  ],
  [
    pod({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.nope" } } }] }),
    [
      `${at}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: field label not supported: spec.nope`,
    ],
  ],
  [
    pod({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }] }),
    [],
  ],
  [
    pod({ envFrom: [{}, { configMapRef: { name: "" } }] }),
    [
      `${at}.envFrom[0]: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
      `${at}.envFrom[1].configMapRef.name: Required value`,
    ],
  ],
  [
    pod({ lifecycle: { preStop: {} }, livenessProbe: { httpGet: { port: 80, scheme: "X" } } }),
    [
      `${at}.lifecycle.preStop: Required value: must specify a handler type`,
      `${at}.livenessProbe.httpGet.scheme: Unsupported value: "X": supported values: "HTTP", "HTTPS"`,
    ],
  ],
  [
    pod({}, { activeDeadlineSeconds: 0, nodeSelector: { a: "-" } }),
    [
      "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
      expect.stringContaining('spec.nodeSelector: Invalid value: "-": a valid label must'),
    ],
  ],
  [
    pod({}, { restartPolicy: "Sometimes" }),
    [
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
  ],
  [
    pod(
      {},
      {
        volumes: [
          {
            name: "v",
            configMap: { name: "c", defaultMode: 1000, items: [{ key: "", path: "../a" }] },
          },
        ],
      },
    ),
    [
      "spec.volumes[0].configMap.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive",
      "spec.volumes[0].configMap.items[0].key: Required value",
      `spec.volumes[0].configMap.items[0].path: Invalid value: "../a": must not contain '..'`,
    ],
  ],
  [
    ["Deployment", { spec: { selector: { matchLabels: { a: "-" } }, template } }],
    [
      expect.stringContaining('spec.selector.matchLabels: Invalid value: "-": a valid label must'),
      'spec.selector: Invalid value: {"matchLabels":{"a":"-"}}: invalid label selector',
    ],
  ],
  [
    [
      "Deployment",
      {
        spec: {
          selector: {
            matchExpressions: [
              { key: "a", operator: "In" },
              { key: "a", operator: "Nope" },
            ],
          },
          template,
        },
      },
    ],
    [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.selector.matchExpressions[1].operator: Invalid value: "Nope": not a valid selector operator',
      expect.stringMatching(/^spec\.selector: Invalid value: .*: invalid label selector$/),
    ],
  ],
  [
    [
      "StatefulSet",
      {
        spec: {
          selector: { matchLabels: { a: "b" } },
          podManagementPolicy: "X",
          updateStrategy: { type: "X" },
          template,
        },
      },
    ],
    [
      `spec.podManagementPolicy: Invalid value: "X": must be 'OrderedReady' or 'Parallel'`,
      `spec.updateStrategy: Invalid value: {"type":"X"}: must be 'RollingUpdate' or 'OnDelete'`,
    ],
  ],
  [
    [
      "Job",
      {
        spec: {
          completionMode: "X",
          ttlSecondsAfterFinished: -1,
          template: { spec: { containers: [container], restartPolicy: "Never" } },
        },
      },
    ],
    [
      "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0",
      'spec.completionMode: Unsupported value: "X": supported values: "Indexed", "NonIndexed"',
    ],
  ],
  [
    service({ ports: [{ port: 80, nodePort: 30_000 }], externalTrafficPolicy: "Local" }),
    [
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
  ],
  [
    service({ type: "NodePort", clusterIP: "None" }),
    [`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`],
  ],
  [
    service({
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } },
    }),
    [
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400",
    ],
  ],
  [
    pod({
      readinessProbe: { exec: { command: ["x"] }, terminationGracePeriodSeconds: 5 },
      livenessProbe: { exec: { command: ["x"] }, terminationGracePeriodSeconds: 0 },
    }),
    [
      `${at}.livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`,
      `${at}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes`,
    ],
  ],
  [
    service({ externalIPs: ["1.2.3.4", "x", "127.0.0.1"] }),
    [
      'spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'spec.externalIPs[2]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
  ],
  [
    [
      "Ingress",
      {
        spec: {
          defaultBackend: { service: { name: "web", port: { number: 80 } } },
          tls: [{ hosts: ["*.ok.example", "*", "No"], secretName: "A_B" }],
        },
      },
    ],
    [
      expect.stringContaining('spec.tls[0].hosts[1]: Invalid value: "*": a wildcard DNS-1123'),
      expect.stringContaining('spec.tls[0].hosts[2]: Invalid value: "No": a lowercase RFC 1123'),
      expect.stringContaining('spec.tls[0].secretName: Invalid value: "A_B": a lowercase RFC 1123'),
    ],
  ],
  [
    ["Secret", { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "eA==" } }],
    [
      `data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character 'x' looking for beginning of value`,
    ],
  ],
  [
    ["Secret", { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "e30=" } }],
    [],
  ],
  [
    ["Secret", { type: "kubernetes.io/basic-auth" }],
    ["data[username]: Required value", "data[password]: Required value"],
  ],
  [["Secret", { type: "kubernetes.io/basic-auth", data: { password: "eA==" } }], []],
  [
    ["Ingress", { spec: {} }],
    ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
  ],
  [
    ["Ingress", { spec: { rules: [{ host: "1.2.3.4", http: { paths: [] } }] } }],
    [
      'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
      "spec.rules[0].http.paths: Required value",
    ],
  ],
  [
    path({ path: "/a//b", backend: {} }),
    [
      `${inPath}.path: Invalid value: "/a//b": must not contain '//'`,
      `${inPath}.backend: Invalid value: "": resource or service backend is required`,
    ],
  ],
  [
    path(backend({ number: 70_000 }, "A")),
    [
      expect.stringContaining(`${inPath}.backend.service.name: Invalid value: "A": a DNS-1035`),
      `${inPath}.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive`,
    ],
  ],
  [path(backend({ number: 80 })), []],
])("%j", ([kind, content], expected) => {
  expect(problemsOf(kind, content)).toEqual(expected);
});
