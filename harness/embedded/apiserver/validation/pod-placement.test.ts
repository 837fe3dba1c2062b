import { expect, test } from "vitest";
import type { PodSpec } from "kubernetes-types/core/v1";
import { FieldErrors } from "../errors/field-errors.ts";
import { validatePodSpec } from "./pod-spec.ts";

function problemsOf(spec: object): string[] {
  const pod = {
    containers: [{ name: "c", image: "i", imagePullPolicy: "Always" }],
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    ...spec,
  } as PodSpec;
  const errors = new FieldErrors();
  validatePodSpec("spec", pod, errors);
  return errors.causes.map(({ field, message }) => `${field}: ${message}`);
}

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
const terms = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
const anti = `spec.affinity.podAntiAffinity`;
const spread = "spec.topologySpreadConstraints[0]";
const wrongAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const nodeTerm = (matchExpressions: object[]): object => ({
  affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [{ matchExpressions }] } } },
});

test.each<[object, string[]]>([
  [{ tolerations: [{ operator: "Exists" }, { key: "a", value: "b", effect: "NoSchedule" }] }, []],
  [
    { tolerations: [{ value: "b" }] },
    [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    { tolerations: [{ key: "a", operator: "Exists", value: "b" }] },
    [
      `spec.tolerations[0].operator: Invalid value: {"Key":"a","Operator":"Exists","Value":"b","Effect":"","TolerationSeconds":null}: value must be empty when \`operator\` is 'Exists'`,
    ],
  ],
  [
    { tolerations: [{ key: "a", operator: "In", effect: "Never", tolerationSeconds: 1 }] },
    [
      "spec.tolerations[0].effect: Invalid value: \"Never\": effect must be 'NoExecute' when `tolerationSeconds` is set",
      'spec.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"',
      'spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
  ],
  [
    nodeTerm([
      { key: "a", operator: "In", values: ["b"] },
      { key: "n", operator: "Gt", values: ["1"] },
    ]),
    [],
  ],
  [
    { affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [] } } } },
    [`${terms}: Required value: must have at least one node selector term`],
  ],
  [
    nodeTerm([
      { key: "a", operator: "In" },
      { key: "a", operator: "Exists", values: ["b"] },
      { key: "a", operator: "Lt", values: [] },
      { key: "a", operator: "Equals", values: ["b"] },
    ]),
    [
      `${terms}[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
      `${terms}[0].matchExpressions[1].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
      `${terms}[0].matchExpressions[2].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
      `${terms}[0].matchExpressions[3].operator: Invalid value: "Equals": not a valid selector operator`,
    ],
  ],
  [
    {
      affinity: {
        podAntiAffinity: {
          [required]: [{ labelSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }],
          [preferred]: [{ weight: 101, podAffinityTerm: { topologyKey: "zone" } }],
        },
      },
    },
    [
      `${anti}.${required}[0].labelSelector.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
      `${anti}.${required}[0].topologyKey: Required value: can not be empty`,
      `${anti}.${preferred}[0].weight: Invalid value: 101: must be in the range 1-100`,
    ],
  ],
  [
    { topologySpreadConstraints: [{ maxSkew: 0, whenUnsatisfiable: "Maybe", minDomains: 0 }] },
    [
      `${spread}.maxSkew: Invalid value: 0: must be greater than zero`,
      `${spread}.topologyKey: Required value: can not be empty`,
      `${spread}.whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"`,
      `${spread}.minDomains: Invalid value: 0: must be greater than zero`,
      `${spread}.minDomains: Invalid value: 0: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not Maybe`,
    ],
  ],
  [
    {
      topologySpreadConstraints: [1, 2].map((maxSkew) => ({
        maxSkew,
        topologyKey: "zone",
        whenUnsatisfiable: "DoNotSchedule",
      })),
    },
    [
      'spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"',
    ],
  ],
  [
    { hostAliases: [{ ip: "a.b", hostnames: ["ok.example", "Bad_Name"] }] },
    [
      `spec.hostAliases[0].ip: Invalid value: "a.b": ${wrongAddress}`,
      expect.stringContaining('spec.hostAliases.hostnames: Invalid value: "Bad_Name": a lowercase'),
    ],
  ],
  [
    { dnsPolicy: "None" },
    ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
  ],
  [
    { dnsPolicy: "None", dnsConfig: { searches: ["ok.", "Not ok"], options: [{ value: "1" }] } },
    [
      "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None",
      expect.stringContaining('spec.dnsConfig.searches[1]: Invalid value: "Not ok": a lowercase'),
      "spec.dnsConfig.options[0]: Required value: must not be empty",
    ],
  ],
  [
    { dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "x"] } },
    [
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers',
      `spec.dnsConfig.nameservers[3]: Invalid value: "x": ${wrongAddress}`,
    ],
  ],
  [{ terminationGracePeriodSeconds: -1 }, []],
])("%j", (spec, expected) => {
  expect(problemsOf(spec)).toEqual(expected);
});
