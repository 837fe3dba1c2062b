import type { HeaderMap } from "../../data-plane/exchange.ts";
import type { Headers } from "./istio-types.ts";

/** What of a request its route depends on. */
export interface RequestView {
  readonly method: string;
  readonly path: string;
  readonly scheme: string;
  readonly authority: string;
  readonly headers: HeaderMap;
}

/** A Service (or a subset of one) as a route names it; resolved to endpoints when a request comes. */
export interface DestinationRef {
  readonly host: string;
  readonly subset: string | undefined;
  readonly port: number;
}

export interface WeightedDestination extends DestinationRef {
  readonly weight: number;
  readonly headers: Headers | undefined;
}

export interface RetryPolicy {
  /** Beyond the first try. */
  readonly attempts: number;
  readonly on: ReadonlySet<string>;
  readonly statuses: ReadonlySet<number>;
  readonly perTryTimeoutMs: number | undefined;
  readonly backoffMs: number;
}

export interface FaultPolicy {
  readonly delay: { readonly percent: number; readonly delayMs: number } | undefined;
  readonly abort:
    | { readonly percent: number; readonly status: number; readonly grpcStatus: number | undefined }
    | undefined;
}

export interface CorsPolicy {
  readonly allowsOrigin: (origin: string) => boolean;
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string | undefined;
  readonly allowCredentials: boolean;
  readonly ignoreUnmatchedPreflights: boolean;
}

export interface Mirror extends DestinationRef {
  readonly percent: number;
}

/** How the path changes on its way; the query stays. */
export type PathRewrite = (path: string) => string;

export interface ForwardAction {
  readonly kind: "forward";
  readonly destinations: readonly WeightedDestination[];
  readonly rewritePath: PathRewrite | undefined;
  readonly authority: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy;
  readonly mirrors: readonly Mirror[];
}

export interface RedirectAction {
  readonly kind: "redirect";
  readonly location: (request: RequestView) => string;
  readonly status: number;
}

export interface DirectAction {
  readonly kind: "direct";
  readonly status: number;
  readonly body: string;
}

/** One of a virtual host's routes; the first whose test holds answers the request. */
export interface Route {
  /** As access logs print it; "" is printed as "-". */
  readonly name: string;
  /** The VirtualService it comes from: "namespace/name"; absent for a Service's own route. */
  readonly origin: string | undefined;
  readonly matches: (request: RequestView) => boolean;
  /** Nothing after such a route can ever be reached. */
  readonly isCatchAll: boolean;
  readonly action: ForwardAction | RedirectAction | DirectAction;
  readonly fault: FaultPolicy | undefined;
  readonly cors: CorsPolicy | undefined;
  readonly headers: Headers | undefined;
}

/** The routes of one host name. */
export interface VirtualHost {
  readonly name: string;
  /** Exact names, and patterns that begin with "*". */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  /** http requests are answered with a redirect to https. */
  readonly requireTls?: boolean;
}

/** Draws a destination for one request: independent draws by weight, as Envoy makes them. */
export function drawDestination(
  destinations: readonly WeightedDestination[],
  random: () => number,
): WeightedDestination {
  if (destinations.length === 1) return destinations[0] as WeightedDestination;
  const total = destinations.reduce((sum, destination) => sum + destination.weight, 0);
  let rest = random() * total;
  for (const destination of destinations) {
    rest -= destination.weight;
    if (rest < 0) return destination;
  }
  return destinations.at(-1) as WeightedDestination;
}

/** Whether something configured for this share of requests befalls this one. */
export function falls(percent: number, random: () => number): boolean {
  // Envoy draws in steps of a ten-thousandth of a percent.
  return Math.floor(random() * 1_000_000) < Math.round(percent * 10_000);
}

/** The first route that takes the request. */
export function findRoute(routes: readonly Route[], request: RequestView): Route | undefined {
  return routes.find((route) => route.matches(request));
}
