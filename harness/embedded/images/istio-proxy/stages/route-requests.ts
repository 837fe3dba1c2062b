import type { Exchange, Handler } from "../../data-plane/exchange.ts";
import { replyLocally } from "../../data-plane/local-reply.ts";
import { compose, type Stage } from "../../data-plane/stage.ts";
import { findRoute, type Route } from "../routing/route.ts";
import type { RouteTable } from "../routing/route-table.ts";
import { corsStage } from "./cors.ts";
import { faultStage } from "./fault.ts";
import { forwardRoute, type ProxyEnvironment } from "./forward-route.ts";

/** What a listener routes by at this moment, and what it does with hosts that no table knows. */
export interface RoutingOptions extends ProxyEnvironment {
  readonly table: () => RouteTable;
  readonly onUnknownHost: Handler;
}

/** Finds each request's virtual host and route and hands it to the route's own stages. */
export function routeRequests(options: RoutingOptions): Handler {
  const handlers = new WeakMap<Route, Handler>();
  return async (exchange) => {
    const virtualHost = options.table().find(exchange.authority);
    if (!virtualHost) return options.onUnknownHost(exchange);
    if (virtualHost.requireTls && exchange.scheme === "http") return redirectToTls(exchange);
    const route = findRoute(virtualHost.routes, exchange);
    if (!route) return noRoute(exchange);
    exchange.facts.routeName = route.name;
    let handler = handlers.get(route);
    if (!handler) handlers.set(route, (handler = createRouteHandler(route, options)));
    return handler(exchange);
  };
}

/** Envoy's answer where no route takes a request. */
export function noRoute(exchange: Exchange) {
  return replyLocally(exchange, { status: 404, flag: "NR", details: "route_not_found" });
}

function createRouteHandler(route: Route, options: RoutingOptions): Handler {
  const stages: Stage[] = [];
  if (route.cors) stages.push(corsStage(route.cors));
  if (route.fault) stages.push(faultStage(route.fault, options.clock, options.random));
  return compose(stages, endOf(route, options));
}

function endOf(route: Route, options: RoutingOptions): Handler {
  const { action } = route;
  if (action.kind === "forward") return forwardRoute(action, route.headers, options);
  const { status } = action;
  return async (exchange) =>
    action.kind === "redirect"
      ? replyLocally(exchange, {
          status,
          headers: { location: action.location(exchange) },
          details: "direct_response",
        })
      : replyLocally(exchange, { status, body: action.body, details: "direct_response" });
}

function redirectToTls(exchange: Exchange) {
  const location = `https://${exchange.authority.replace(/:\d+$/, "")}${exchange.path}`;
  const reply = { status: 301, headers: { location }, details: "direct_response" };
  return replyLocally(exchange, reply);
}
