import type { KubeObject, Resource } from "../../resource.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { jsonPathColumn } from "../tables/json-path-column.ts";
import { type Column, defineKind, type Kind } from "./kind.ts";

interface IstioKind {
  readonly group: "networking" | "security" | "telemetry";
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
}

const kinds: readonly IstioKind[] = [
  { group: "networking", kind: "VirtualService", plural: "virtualservices", shortNames: ["vs"] },
  { group: "networking", kind: "DestinationRule", plural: "destinationrules", shortNames: ["dr"] },
  { group: "networking", kind: "Gateway", plural: "gateways", shortNames: ["gw"] },
  { group: "networking", kind: "ServiceEntry", plural: "serviceentries", shortNames: ["se"] },
  { group: "networking", kind: "Sidecar", plural: "sidecars" },
  {
    group: "security",
    kind: "PeerAuthentication",
    plural: "peerauthentications",
    shortNames: ["pa"],
  },
  {
    group: "security",
    kind: "AuthorizationPolicy",
    plural: "authorizationpolicies",
    shortNames: ["ap"],
  },
  {
    group: "security",
    kind: "RequestAuthentication",
    plural: "requestauthentications",
    shortNames: ["ra"],
  },
  { group: "telemetry", kind: "Telemetry", plural: "telemetries", shortNames: ["telemetry"] },
];

const otherVersions = {
  networking: ["v1beta1", "v1alpha3"],
  security: ["v1beta1"],
  telemetry: ["v1alpha1"],
} as const;

/** What Istio's own definitions print besides name and age. */
const columns: Readonly<Record<string, readonly Column<KubeObject>[]>> = {
  VirtualService: [
    jsonPathColumn("Gateways", "spec.gateways"),
    jsonPathColumn("Hosts", "spec.hosts"),
  ],
  DestinationRule: [jsonPathColumn("Host", "spec.host")],
  ServiceEntry: [
    jsonPathColumn("Hosts", "spec.hosts"),
    jsonPathColumn("Location", "spec.location"),
    jsonPathColumn("Resolution", "spec.resolution"),
  ],
  PeerAuthentication: [jsonPathColumn("Mode", "spec.mtls.mode")],
  AuthorizationPolicy: [jsonPathColumn("Action", "spec.action")],
};

/** Istio's configuration, served under every version that Istio serves it. */
export const istioKinds = kinds.map(toKind);

function toKind({ group: area, kind, plural, shortNames }: IstioKind): Kind {
  const group = `${area}.istio.io`;
  const resource: Resource = { group, version: "v1", kind, plural, namespaced: true };
  return defineKind({
    resource,
    singular: kind.toLowerCase(),
    categories: ["istio-io", `${area}-istio-io`],
    schema: `istio.${kind}`,
    status: true,
    generation: "spec",
    columns: [nameColumn, ...(columns[kind] ?? []), ageColumn],
    also: otherVersions[area].map((version) => ({ group, version })),
    ...(shortNames ? { shortNames } : {}),
  });
}
