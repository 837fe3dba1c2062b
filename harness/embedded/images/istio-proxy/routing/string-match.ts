import type { StringMatch } from "./istio-types.ts";

/** Judges one value. */
export type ValueTest = (value: string) => boolean;

/** RE2 as Envoy uses it: the whole value must match. Throws where JavaScript cannot express it. */
export function compileRegex(source: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(source);
  const pattern = flags ? source.slice(flags[0].length) : source;
  return new RegExp(`^(?:${pattern})$`, flags?.[1] ?? "");
}

/** Whether the match only asks that there be a value: `{}`, or the regex `*` that Istio takes for it. */
export function isPresence(match: StringMatch): boolean {
  const { exact, prefix, regex } = match;
  return exact === undefined && prefix === undefined && (regex === undefined || regex === "*");
}

/** Turns the API's exact, prefix or regex into a test. */
export function compileStringMatch(match: StringMatch, ignoreCase = false): ValueTest {
  const fold = ignoreCase ? (text: string): string => text.toLowerCase() : (text: string) => text;
  const { exact, prefix, regex } = match;
  if (exact !== undefined) return (value) => fold(value) === fold(exact);
  if (prefix !== undefined) return (value) => fold(value).startsWith(fold(prefix));
  if (isPresence(match)) return () => true;
  const compiled = compileRegex(regex as string);
  return (value) => compiled.test(value);
}
