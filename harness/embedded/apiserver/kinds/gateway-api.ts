import type { Resource } from "../../resource.ts";
import { ageColumn, nameColumn } from "../tables/cells.ts";
import { conditionColumn, jsonPathColumn } from "../tables/json-path-column.ts";
import { setGatewayDefaults, setRouteDefaults } from "../defaults/gateway-api-defaults.ts";
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
    columns: [
      nameColumn,
      jsonPathColumn("Controller", "spec.controllerName"),
      conditionColumn("Accepted", "Accepted"),
      ageColumn,
      jsonPathColumn("Description", "spec.description", 1),
    ],
  }),
  defineKind({
    ...common,
    resource: gateways,
    singular: "gateway",
    shortNames: ["gtw"],
    schema: "gateway.Gateway",
    setDefaults: setGatewayDefaults,
    columns: [
      nameColumn,
      jsonPathColumn("Class", "spec.gatewayClassName"),
      jsonPathColumn("Address", "status.addresses"),
      conditionColumn("Programmed", "Programmed"),
      ageColumn,
    ],
  }),
  defineKind({
    ...common,
    resource: httpRoutes,
    singular: "httproute",
    schema: "gateway.HTTPRoute",
    setDefaults: setRouteDefaults,
    columns: [nameColumn, jsonPathColumn("Hostnames", "spec.hostnames"), ageColumn],
  }),
];
