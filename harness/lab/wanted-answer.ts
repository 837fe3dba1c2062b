import type { Observation } from "../traffic/observation.ts";

/** What an answer must be. */
export interface WantedAnswer {
  readonly status?: number;
  /** The whole body, without white space at its ends, or a pattern in it. */
  readonly body?: string | RegExp;
  /** Headers that must be there, with these values. */
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  readonly version?: string;
  readonly app?: string;
  /** Least and most time that the answer takes, in milliseconds. */
  readonly between?: readonly [number, number];
}

/** Whether an answer is as wanted; one without a wanted status must not have failed. */
export function isLike(answer: Observation, wanted: WantedAnswer): boolean {
  const { status, body, headers = {}, version, app, between } = wanted;
  if (answer.error !== undefined && answer.status === undefined) return false;
  if (status !== undefined ? answer.status !== status : answer.error !== undefined) return false;
  if (body !== undefined && !matches(answer.body?.trim(), body)) return false;
  if (version !== undefined && answer.responder?.version !== version) return false;
  if (app !== undefined && answer.responder?.app !== app) return false;
  if (between && (answer.durationMs < between[0] || answer.durationMs > between[1])) return false;
  return Object.entries(headers).every(([name, value]) =>
    matches(answer.headers?.[name.toLowerCase()], value),
  );
}

function matches(text: string | undefined, wanted: string | RegExp): boolean {
  if (text === undefined) return false;
  return typeof wanted === "string" ? text === wanted : wanted.test(text);
}

/** In words: `200 from v2`. */
export function describeAnswer({
  status,
  body,
  headers = {},
  version,
  app,
  between,
}: WantedAnswer): string {
  return [
    status === undefined ? undefined : String(status),
    body === undefined ? undefined : typeof body === "string" ? JSON.stringify(body) : String(body),
    app === undefined ? undefined : `from ${app}`,
    version === undefined ? undefined : `from ${version}`,
    between ? `after ${between[0]} to ${between[1]} ms` : undefined,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}
