import { readFileSync } from "node:fs";
import { CurlFailure } from "./failure.ts";

/** What the command line asks for. */
export interface CurlOptions {
  urls: string[];
  silent: boolean;
  showError: boolean;
  include: boolean;
  head: boolean;
  verbose: boolean;
  headers: string[];
  method: string | undefined;
  data: string[];
  get: boolean;
  outputs: string[];
  writeOut: string;
  resolve: string[];
  insecure: boolean;
  cacert: string | undefined;
  maxTimeMs: number | undefined;
  connectTimeoutMs: number | undefined;
  fail: boolean;
  failWithBody: boolean;
  follow: boolean;
  maxRedirects: number;
  userAgent: string | undefined;
  user: string | undefined;
}

type Take = (to: CurlOptions, value: string) => void;

const switches: Readonly<Record<string, (to: CurlOptions) => void>> = {
  "-s": (to) => (to.silent = true),
  "-S": (to) => (to.showError = true),
  "-i": (to) => (to.include = true),
  "-I": (to) => (to.head = true),
  "-v": (to) => (to.verbose = true),
  "-k": (to) => (to.insecure = true),
  "-f": (to) => (to.fail = true),
  "--fail-with-body": (to) => (to.failWithBody = true),
  "-L": (to) => (to.follow = true),
  "-G": (to) => (to.get = true),
  // Output is never buffered, and HTTP/1.1 is all there is.
  "-N": () => {},
  "-4": () => {},
  "--http1.1": () => {},
};

const valued: Readonly<Record<string, Take>> = {
  "-H": (to, value) => void to.headers.push(value),
  "-X": (to, value) => (to.method = value),
  "-d": (to, value) => void to.data.push(readData(value).replaceAll(/[\r\n]/g, "")),
  "--data-raw": (to, value) => void to.data.push(value),
  "--data-binary": (to, value) => void to.data.push(readData(value)),
  "-o": (to, value) => void to.outputs.push(value),
  "-w": (to, value) => (to.writeOut = value),
  "--resolve": (to, value) => void to.resolve.push(value),
  "--cacert": (to, value) => (to.cacert = value),
  "-m": (to, value) => (to.maxTimeMs = toMs(value, "-m")),
  "--connect-timeout": (to, value) => (to.connectTimeoutMs = toMs(value, "--connect-timeout")),
  "--max-redirs": (to, value) => (to.maxRedirects = Number(value)),
  "-A": (to, value) => (to.userAgent = value),
  "-u": (to, value) => (to.user = value),
};

const longNames: Readonly<Record<string, string>> = {
  "--silent": "-s",
  "--show-error": "-S",
  "--include": "-i",
  "--head": "-I",
  "--verbose": "-v",
  "--insecure": "-k",
  "--fail": "-f",
  "--location": "-L",
  "--get": "-G",
  "--no-buffer": "-N",
  "--ipv4": "-4",
  "--header": "-H",
  "--request": "-X",
  "--data": "-d",
  "--output": "-o",
  "--write-out": "-w",
  "--max-time": "-m",
  "--user-agent": "-A",
  "--user": "-u",
};

/** Reads the command line as curl does: letters may be run together, the last taking a value. */
export function readArguments(args: readonly string[]): CurlOptions {
  const options = defaultOptions();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "-" || !arg.startsWith("-")) {
      options.urls.push(arg);
      continue;
    }
    const value = (name: string): string => {
      const next = args[++at];
      if (next === undefined) throw usage(`option ${name}: requires parameter`);
      return next;
    };
    if (arg.startsWith("--")) takeOne(options, longNames[arg] ?? arg, arg, () => value(arg));
    else takeLetters(options, arg, value);
  }
  if (options.urls.length === 0) throw usage("no URL specified");
  return options;
}

function takeLetters(options: CurlOptions, arg: string, value: (name: string) => string): void {
  for (let index = 1; index < arg.length; index++) {
    const name = `-${arg[index]}`;
    const rest = arg.slice(index + 1);
    takeOne(options, name, arg, () => (rest === "" ? value(arg) : rest));
    if (Object.hasOwn(valued, name)) return;
  }
}

function takeOne(options: CurlOptions, name: string, said: string, value: () => string): void {
  const change = Object.hasOwn(switches, name) ? switches[name] : undefined;
  const take = Object.hasOwn(valued, name) ? valued[name] : undefined;
  if (change) change(options);
  else if (take) take(options, value());
  else throw usage(`option ${said}: is unknown`);
}

function usage(message: string): CurlFailure {
  return new CurlFailure(
    2,
    `curl: ${message}\ncurl: try 'curl --help' or 'curl --manual' for more information`,
  );
}

function toMs(value: string, name: string): number {
  const ms = Number(value) * 1000;
  if (!(ms >= 0)) throw usage(`option ${name}: expected a proper numerical parameter`);
  return ms;
}

function readData(value: string): string {
  if (!value.startsWith("@")) return value;
  try {
    return readFileSync(value === "@-" ? 0 : value.slice(1), "utf8");
  } catch {
    throw new CurlFailure(26, `curl: (26) Failed to open ${value.slice(1)}`);
  }
}

function defaultOptions(): CurlOptions {
  return {
    urls: [],
    silent: false,
    showError: false,
    include: false,
    head: false,
    verbose: false,
    headers: [],
    method: undefined,
    data: [],
    get: false,
    outputs: [],
    writeOut: "",
    resolve: [],
    insecure: false,
    cacert: undefined,
    maxTimeMs: undefined,
    connectTimeoutMs: undefined,
    fail: false,
    failWithBody: false,
    follow: false,
    maxRedirects: 50,
    userAgent: undefined,
    user: undefined,
  };
}
