import { randomInt } from "node:crypto";
import type { HeaderMap } from "../data-plane/exchange.ts";
import { headerValue } from "../data-plane/headers.ts";
import type { TrafficShaping } from "./annotations.ts";
import type { Backend } from "./routing.ts";

/** Gives a whole number from 1 to `total`. */
export type Draw = (total: number) => number;

const draw: Draw = (total) => randomInt(1, total + 1);

/**
 * Chooses between a backend and its canary as ingress-nginx's balancer.lua does: header, then cookie,
 * then weight. A main backend without endpoints gives nothing, even for those who ask for the canary.
 */
export function chooseBackend(
  backends: ReadonlyMap<string, Backend>,
  name: string,
  headers: HeaderMap,
  random: Draw = draw,
): Backend | undefined {
  const main = backends.get(name);
  if (!main || main.endpoints.length === 0) return undefined;
  const canary = backends.get(main.alternatives[0] ?? "");
  if (!canary || canary.endpoints.length === 0 || !canary.shaping) return main;
  return goesToCanary(canary.shaping, headers, random) ? canary : main;
}

function goesToCanary(shaping: TrafficShaping, headers: HeaderMap, random: Draw): boolean {
  const asked =
    byHeader(shaping, shaping.header && headerValue(headers, shaping.header.toLowerCase())) ??
    alwaysOrNever(shaping.cookie && cookieOf(headers, shaping.cookie));
  if (asked !== undefined) return asked;
  return random(Math.max(100, shaping.weightTotal)) <= shaping.weight;
}

/** Undefined where the header decides nothing. */
function byHeader(shaping: TrafficShaping, value: string | undefined): boolean | undefined {
  if (!value) return undefined;
  if (shaping.headerValue !== "") return value === shaping.headerValue ? true : undefined;
  if (shaping.headerPattern === "") return alwaysOrNever(value);
  try {
    return toRegExp(shaping.headerPattern).test(value) ? true : undefined;
  } catch {
    // A pattern that is none sends everybody who has the header to main, whatever the weight.
    return false;
  }
}

/** PCRE takes options at the beginning of a pattern, as in (?i). */
function toRegExp(pattern: string): RegExp {
  const [, flags = "", rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  return new RegExp(rest, flags);
}

function alwaysOrNever(value: string | undefined): boolean | undefined {
  if (value === "always") return true;
  return value === "never" ? false : undefined;
}

function cookieOf(headers: HeaderMap, name: string): string | undefined {
  const pairs = (headerValue(headers, "cookie") ?? "").split(/[;,]\s*/);
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
