import type { KubeObject } from "../../resource.ts";
import { isJsonObject, type JsonObject } from "../storage/stored-object.ts";

const gatewayGroup = "gateway.networking.k8s.io";

/** Defaults that the Gateway's definition carries. */
export function setGatewayDefaults(gateway: KubeObject): void {
  for (const listener of itemsOf(specOf(gateway), "listeners")) {
    listener.allowedRoutes ??= { namespaces: { from: "Same" } };
    if (!isJsonObject(listener.tls)) continue;
    listener.tls.mode ??= "Terminate";
    for (const reference of itemsOf(listener.tls, "certificateRefs")) {
      reference.group ??= "";
      reference.kind ??= "Secret";
    }
  }
}

/** Defaults that the HTTPRoute's definition carries. */
export function setRouteDefaults(route: KubeObject): void {
  const spec = specOf(route);
  for (const parent of itemsOf(spec, "parentRefs")) {
    parent.group ??= gatewayGroup;
    parent.kind ??= "Gateway";
  }
  if (isJsonObject(spec)) spec.rules ??= [{}];
  for (const rule of itemsOf(spec, "rules")) {
    rule.matches ??= [{ path: { type: "PathPrefix", value: "/" } }];
    for (const match of itemsOf(rule, "matches")) setMatchDefaults(match);
    for (const backend of itemsOf(rule, "backendRefs")) {
      backend.group ??= "";
      backend.kind ??= "Service";
      backend.weight ??= 1;
    }
  }
}

function setMatchDefaults(match: JsonObject): void {
  match.path ??= { type: "PathPrefix", value: "/" };
  if (isJsonObject(match.path)) {
    match.path.type ??= "PathPrefix";
    match.path.value ??= "/";
  }
  for (const header of itemsOf(match, "headers")) header.type ??= "Exact";
  for (const parameter of itemsOf(match, "queryParams")) parameter.type ??= "Exact";
}

function specOf(object: KubeObject): unknown {
  return (object as { spec?: unknown }).spec;
}

function itemsOf(owner: unknown, field: string): JsonObject[] {
  const list = isJsonObject(owner) ? owner[field] : undefined;
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
