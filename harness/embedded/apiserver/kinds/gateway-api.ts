import type { Resource } from "../../resource.ts";
import { defineKind } from "./kind.ts";

const gatewayApi = { group: "gateway.networking.k8s.io", version: "v1" } as const;

const gatewayClasses: Resource = {
  ...gatewayApi,
  kind: "GatewayClass",
  plural: "gatewayclasses",
  namespaced: false,
};
const gateways: Resource = {
  ...gatewayApi,
  kind: "Gateway",
  plural: "gateways",
  namespaced: true,
};
const httpRoutes: Resource = {
  ...gatewayApi,
  kind: "HTTPRoute",
  plural: "httproutes",
  namespaced: true,
};

const common = {
  categories: ["gateway-api"],
  status: true,
  generation: "spec",
  also: [{ group: gatewayApi.group, version: "v1beta1" }],
} as const;

/** Gateway API: GatewayClass, Gateway and HTTPRoute. */
export const gatewayApiKinds = [
  defineKind({
    ...common,
    resource: gatewayClasses,
    singular: "gatewayclass",
    shortNames: ["gc"],
    schema: "gateway.GatewayClass",
  }),
  defineKind({
    ...common,
    resource: gateways,
    singular: "gateway",
    shortNames: ["gtw"],
    schema: "gateway.Gateway",
  }),
  defineKind({
    ...common,
    resource: httpRoutes,
    singular: "httproute",
    schema: "gateway.HTTPRoute",
  }),
];
