import { ConfigError, type Place } from "./config-error.ts";

/** One directive as written: `name args;` or `name args { block }`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Where it ends: nginx reports that line. */
  readonly place: Place;
  readonly block?: readonly Directive[];
}

interface Token {
  readonly text: string;
  readonly quoted: boolean;
  readonly line: number;
}

/** Reads a configuration's text into directives, with nginx's errors for what is none. */
export function parseConfig(text: string, file: string): readonly Directive[] {
  const { tokens, lastLine, unclosedQuote } = tokenize(text);
  let at = 0;
  const fail = (message: string, line: number): never => {
    throw new ConfigError(message, { file, line });
  };

  const parseBlock = (depth: number): readonly Directive[] => {
    const directives: Directive[] = [];
    let words: string[] = [];
    for (;;) {
      const token = tokens[at++];
      if (!token) {
        if (words.length > 0 || unclosedQuote)
          return fail('unexpected end of file, expecting ";" or "}"', lastLine);
        if (depth > 0) return fail('unexpected end of file, expecting "}"', lastLine);
        return directives;
      }
      const sign = token.quoted ? undefined : token.text;
      if (sign !== ";" && sign !== "{" && sign !== "}") {
        words.push(token.text);
        continue;
      }
      const [name, ...args] = words;
      const place = { file, line: token.line };
      if (sign === "}") {
        if (name !== undefined || depth === 0) return fail('unexpected "}"', token.line);
        return directives;
      }
      if (name === undefined) return fail(`unexpected "${sign}"`, token.line);
      if (sign === ";") directives.push({ name, args, place });
      else directives.push({ name, args, place, block: parseBlock(depth + 1) });
      words = [];
    }
  };
  return parseBlock(0);
}

const tokenPattern =
  /(?<space>\s+|#[^\n]*)|(?<sign>[;{}])|"(?<double>(?:[^"\\]|\\[^])*)"|'(?<single>(?:[^'\\]|\\[^])*)'|(?<open>["'][^]*)|(?<bare>(?:\$\{[^}\s]*\}|\\[^]|[^\s;{}])+)/gy;

function tokenize(text: string): {
  readonly tokens: readonly Token[];
  readonly lastLine: number;
  readonly unclosedQuote: boolean;
} {
  const tokens: Token[] = [];
  let line = 1;
  let unclosedQuote = false;
  for (const { 0: all, groups = {} } of text.matchAll(tokenPattern)) {
    line += all.split("\n").length - 1;
    const quoted = groups["double"] ?? groups["single"];
    if (quoted !== undefined) tokens.push({ text: unescape(quoted), quoted: true, line });
    else if (groups["open"] !== undefined) unclosedQuote = true;
    else if (groups["space"] === undefined)
      tokens.push({ text: groups["sign"] ? all : unescape(all), quoted: false, line });
  }
  return { tokens, lastLine: line, unclosedQuote };
}

/** nginx takes \t \r \n and quoted quotes; every other backslash stays, for regular expressions. */
function unescape(text: string): string {
  const known: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n" };
  return text.replaceAll(/\\(["'\\trn])/g, (_all, char: string) => known[char] ?? char);
}
