import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, matchesGlob } from "node:path";
import { systemClock } from "../../../time/clock.ts";
import { ConfigError } from "./config-error.ts";
import { type Directive, parseConfig } from "./config-parser.ts";
import { knownDirectives, readConfig } from "./config-reader.ts";
import type { Config } from "./config.ts";
import { Nginx } from "./server.ts";

const folder = "/etc/nginx";
const mainFile = `${folder}/nginx.conf`;

/** What the image holds where nothing is mounted. */
const defaultMain = "http { include /etc/nginx/conf.d/*.conf; }";
const defaultServer = "server { listen 80; server_name localhost; root /usr/share/nginx/html; }";

/** Reads the container's configuration files; throws ConfigError for what nginx would not start with. */
function loadConfig(): Config {
  return readConfig(parseConfig(readOr(mainFile, defaultMain), mainFile), include);
}

function include(pattern: string, { place }: Directive): readonly Directive[] {
  const path = pattern.startsWith("/") ? pattern : join(folder, pattern);
  // The types of files are built in.
  if (path === `${folder}/mime.types`) return [];
  if (!/[*?[]/.test(path)) {
    const text = readOr(path, undefined);
    if (text === undefined)
      throw new ConfigError(`open() "${path}" failed (2: No such file or directory)`, place);
    return parseConfig(text, path);
  }
  const files = filesLike(path);
  if (files.length === 0 && path === `${folder}/conf.d/*.conf`)
    return parseConfig(defaultServer, `${folder}/conf.d/default.conf`);
  return files.flatMap((file) => parseConfig(readFileSync(file, "utf8"), file));
}

/** The files of one folder whose names match; Node's own glob would not see the container's files. */
function filesLike(path: string): readonly string[] {
  const parent = dirname(path);
  // A file that is mounted by itself (subPath) may be missing in the listing of its folder.
  const names = new Set([...namesIn(parent), "default.conf"]);
  return [...names]
    .filter((name) => matchesGlob(name, basename(path)))
    .map((name) => join(parent, name))
    .filter((file) => existsSync(file))
    .toSorted();
}

function namesIn(parent: string): readonly string[] {
  try {
    return readdirSync(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function readOr<T>(path: string, otherwise: T): string | T {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}

function logError(level: "emerg" | "error" | "notice", message: string): void {
  const time = new Date(systemClock.now()).toISOString().slice(0, 19).replace("T", " ");
  console.error(
    `${time.replaceAll("-", "/")} [${level}] ${process.pid}#${process.pid}: ${message}`,
  );
}

/** Says what is wrong as nginx does, and what this stand-in knows where that is the question. */
function explain(error: unknown): void {
  if (!(error instanceof ConfigError)) throw error;
  logError("emerg", error.message);
  if (error.message.startsWith("unknown directive"))
    console.error(`this stand-in for nginx knows: ${knownDirectives.join(", ")}`);
}

async function main(args: readonly string[]): Promise<void> {
  const name = `nginx/${process.env["NGINX_VERSION"] ?? "1.27.5"}`;
  if (args[0] === "-v") return console.error(`nginx version: ${name} (stand-in of kubelab)`);
  const isTest = args[0] === "-t";
  if (!isTest && args.length > 0 && args[0] !== "-g") {
    console.error(`nginx: this stand-in knows -g, -t and -v, not "${args[0]}"`);
    process.exitCode = 1;
    return;
  }
  try {
    const config = loadConfig();
    if (isTest) return console.error(`nginx: configuration file ${mainFile} test is successful`);
    await run(config, name);
  } catch (error) {
    explain(error);
    if (isTest) console.error(`nginx: configuration file ${mainFile} test failed`);
    process.exitCode = 1;
  }
}

async function run(config: Config, name: string): Promise<void> {
  const nginx = await Nginx.start(config, {
    clock: systemClock,
    name,
    access: (line) => console.log(line),
    error: (line) => logError("error", line),
  });
  logError("notice", `${name} (stand-in of kubelab) started`);
  // TERM is nginx's fast shutdown, QUIT the one that answers what is in flight.
  process.once("SIGTERM", () => void nginx.stop().then(() => process.exit(0)));
  process.once("SIGINT", () => void nginx.stop().then(() => process.exit(0)));
  process.once("SIGQUIT", () => nginx.drain());
}

if (import.meta.main) await main(process.argv.slice(2));
