/** What CONFIG GET answers where nothing is set. */
const defaults = {
  port: "6379",
  bind: "* -::*",
  "protected-mode": "yes",
  save: "",
  appendonly: "no",
  databases: "16",
  maxmemory: "0",
  "maxmemory-policy": "noeviction",
  timeout: "0",
} as const;

/** Those that may be set, to values under which this stand-in behaves as redis would. */
const allowed: Readonly<Record<string, RegExp>> = {
  port: /^\d+$/,
  bind: /./,
  "protected-mode": /^(yes|no)$/,
  save: /^$/,
  appendonly: /^no$/,
  databases: /^\d+$/,
};

/** Reads `--name value …` as redis-server does; a string is the message for what it cannot honour. */
export function readSettings(args: readonly string[]): ReadonlyMap<string, string> | string {
  const settings = new Map<string, string>(Object.entries(defaults));
  const lines: string[][] = [];
  for (const arg of args) {
    if (arg.startsWith("--")) lines.push([arg.slice(2)]);
    else if (lines.length === 0) return `this stand-in for redis reads no config file: ${arg}`;
    else lines.at(-1)?.push(arg);
  }
  for (const [index, [name = "", ...words]] of lines.entries()) {
    const value = words.join(" ");
    if (!allowed[name]?.test(value)) return fatal(index, name, words);
    settings.set(name, value);
  }
  return settings;
}

function fatal(index: number, name: string, words: readonly string[]): string {
  const why = allowed[name]
    ? "this stand-in for redis keeps everything in memory and cannot honour this value"
    : "Bad directive or wrong number of arguments";
  return [
    "*** FATAL CONFIG FILE ERROR (stand-in for redis) ***",
    `Reading the configuration file, at line ${index + 1}`,
    `>>> '${[name, ...words.map((word) => `"${word}"`)].join(" ")}'`,
    why,
  ].join("\n");
}
