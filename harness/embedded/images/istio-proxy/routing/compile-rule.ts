import { parseDurationMs } from "./duration.ts";
import { grpcStatusNumber } from "./grpc-status.ts";
import { resolveHost } from "./hosts.ts";
import type { Destination, HttpMatch, HttpRule } from "./istio-types.ts";
import { compileMatch, isCatchAllMatch } from "./match-request.ts";
import { compilePathRewrite, compileRedirect } from "./path-rewrite.ts";
import { compileRetries } from "./retry-policy.ts";
import type {
  CorsPolicy,
  DestinationRef,
  FaultPolicy,
  ForwardAction,
  Mirror,
  Route,
  WeightedDestination,
} from "./route.ts";
import { compileStringMatch } from "./string-match.ts";

/** Where a rule stands: who wrote it, and what its host names mean there. */
export interface RuleContext {
  readonly namespace: string;
  readonly domain: string;
  readonly origin: string;
  /** The port a destination means where it names none. */
  readonly portOf: (host: string) => number;
}

/** One rule's routes: one for each of its match blocks, in their order. */
export function compileRule(rule: HttpRule, matches: readonly HttpMatch[], context: RuleContext) {
  if (!rule.match || rule.match.length === 0) return [compileRoute(rule, undefined, context)];
  return matches.map((match) => compileRoute(rule, match, context));
}

function compileRoute(rule: HttpRule, match: HttpMatch | undefined, context: RuleContext): Route {
  const names = [rule.name, match?.name].filter((name) => name !== undefined && name !== "");
  return {
    name: names.join("."),
    origin: context.origin,
    matches: match ? compileMatch(match) : () => true,
    isCatchAll: match === undefined || isCatchAllMatch(match),
    action: compileAction(rule, match, context),
    fault: compileFault(rule.fault),
    cors: compileCors(rule.corsPolicy),
    headers: rule.headers,
  };
}

function compileAction(
  rule: HttpRule,
  match: HttpMatch | undefined,
  context: RuleContext,
): Route["action"] {
  if (rule.redirect) {
    const location = compileRedirect(rule.redirect);
    return { kind: "redirect", location, status: rule.redirect.redirectCode ?? 301 };
  }
  if (rule.directResponse) {
    const { status, body } = rule.directResponse;
    return { kind: "direct", status, body: body?.string ?? "" };
  }
  return compileForward(rule, match, context);
}

function compileForward(
  rule: HttpRule,
  match: HttpMatch | undefined,
  context: RuleContext,
): ForwardAction {
  return {
    kind: "forward",
    destinations: compileDestinations(rule.route ?? [], context),
    rewritePath: compilePathRewrite(rule.rewrite, match),
    authority: rule.rewrite?.authority,
    // A timeout of zero is none.
    timeoutMs: (rule.timeout === undefined ? 0 : parseDurationMs(rule.timeout)) || undefined,
    retry: compileRetries(rule.retries),
    mirrors: compileMirrors(rule, context),
  };
}

/** Weights as Istio reads them: a single destination takes all, several without weight take nothing. */
export function compileDestinations(
  routes: NonNullable<HttpRule["route"]>,
  context: RuleContext,
): readonly WeightedDestination[] {
  const all = routes.map((route) => ({
    ...toRef(route.destination, context),
    weight: routes.length === 1 ? 1 : (route.weight ?? 0),
    headers: route.headers,
  }));
  return all.length === 1 ? all : all.filter((destination) => destination.weight > 0);
}

function toRef(destination: Destination, context: RuleContext): DestinationRef {
  const host = resolveHost(destination.host, context.namespace, context.domain);
  return {
    host,
    subset: destination.subset || undefined,
    port: destination.port?.number ?? context.portOf(host),
  };
}

function compileMirrors(rule: HttpRule, context: RuleContext): readonly Mirror[] {
  if (rule.mirror) {
    return [{ ...toRef(rule.mirror, context), percent: percentOf(rule.mirrorPercentage, 100) }];
  }
  return (rule.mirrors ?? []).map((mirror) => ({
    ...toRef(mirror.destination, context),
    percent: percentOf(mirror.percentage, 100),
  }));
}

function percentOf(percent: { readonly value?: number } | undefined, absent: number): number {
  return percent === undefined ? absent : (percent.value ?? 0);
}

function compileFault(fault: HttpRule["fault"]): FaultPolicy | undefined {
  if (!fault) return undefined;
  const { delay, abort } = fault;
  return {
    delay: delay && {
      percent: percentOf(delay.percentage, 0),
      delayMs: parseDurationMs(delay.fixedDelay) ?? 0,
    },
    abort: abort && {
      percent: percentOf(abort.percentage, 0),
      status: abort.httpStatus ?? 200,
      grpcStatus: abort.grpcStatus === undefined ? undefined : grpcStatusNumber(abort.grpcStatus),
    },
  };
}

function compileCors(cors: HttpRule["corsPolicy"]): CorsPolicy | undefined {
  if (!cors) return undefined;
  const origins = (cors.allowOrigins ?? []).map((origin) => compileStringMatch(origin));
  const maxAgeMs = cors.maxAge === undefined ? undefined : parseDurationMs(cors.maxAge);
  return {
    allowsOrigin: (origin) => origins.some((test) => test(origin)),
    allowMethods: (cors.allowMethods ?? []).join(","),
    allowHeaders: (cors.allowHeaders ?? []).join(","),
    exposeHeaders: (cors.exposeHeaders ?? []).join(","),
    maxAge: maxAgeMs === undefined ? undefined : String(Math.round(maxAgeMs / 1000)),
    allowCredentials: cors.allowCredentials ?? false,
    ignoreUnmatchedPreflights: cors.unmatchedPreflights === "IGNORE",
  };
}
