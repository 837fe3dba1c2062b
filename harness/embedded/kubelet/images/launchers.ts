import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Image } from "./image-store.ts";

/** How a program of an image is started: what to run, and what comes before the arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly kind: "node" | "shell";
}

/** Programs of the machine that would tell of the machine and not of the pod: ours stand for them. */
const common = fileURLToPath(new URL("programs", import.meta.url));
/** Programs of the machine that would speak for the machine and not for the pod: a container that brings none has none. */
const offNetwork = [
  "curl",
  "dig",
  "host",
  "nc",
  "ncat",
  "nslookup",
  "ping",
  "ssh",
  "telnet",
  "wget",
];

/** The image's own programs by name; every image has `node`. */
export function programsOf(image: Image): ReadonlyMap<string, Program> {
  const programs = new Map<string, Program>([
    ["node", { file: process.execPath, args: [], kind: "node" }],
  ]);
  if (image.config.hostPrograms)
    for (const name of ["env", "hostname"])
      programs.set(name, toProgram(join(common, `${name}.sh`)));
  for (const [name, path] of Object.entries(image.config.programs ?? {}))
    programs.set(name, toProgram(join(image.folder, path)));
  return programs;
}

function toProgram(file: string): Program {
  return extname(file) === ".sh"
    ? { file: "/bin/sh", args: [file], kind: "shell" }
    : { file: process.execPath, args: [file], kind: "node" };
}

/** Whether the machine's program of this name must not be run in a container. */
export function isOffNetwork(name: string): boolean {
  return offNetwork.includes(name);
}

const written = new Set<string>();

/** Writes a folder of small scripts, one a program, for shells to find on their PATH. Returns the folder. */
export function writeLaunchers(image: Image, stateDir: string): string {
  const bin = join(stateDir, "images", image.id.slice(7, 31), "bin");
  if (written.has(bin)) return bin;
  written.add(bin);
  mkdirSync(bin, { recursive: true });
  const programs = programsOf(image);
  for (const name of offNetwork) if (!programs.has(name)) writeAbsence(bin, name);
  for (const [name, program] of programs) {
    if (process.platform === "win32") {
      const words = [program.file, ...program.args].map((word) => `"${word}"`).join(" ");
      writeFileSync(join(bin, `${name}.cmd`), `@${words} %*\r\n`);
    } else {
      const words = [program.file, ...program.args].map(shellQuote).join(" ");
      writeFileSync(join(bin, name), `#!/bin/sh\nexec ${words} "$@"\n`);
      chmodSync(join(bin, name), 0o755);
    }
  }
  return bin;
}

/** A program that a shell finds before the machine's, to say that there is none. */
function writeAbsence(bin: string, name: string): void {
  if (process.platform === "win32")
    writeFileSync(join(bin, `${name}.cmd`), `@echo ${name}: not found>&2\r\n@exit /b 127\r\n`);
  else {
    const script = `#!/bin/sh\necho 'sh: ${name}: not found' >&2\nexit 127\n`;
    writeFileSync(join(bin, name), script, { mode: 0o755 });
  }
}

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
