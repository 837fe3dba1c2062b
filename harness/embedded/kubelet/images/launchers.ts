import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Image } from "./image-store.ts";

/** How a program of an image is started: what to run, and what comes before the arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly kind: "node" | "shell";
}

/** The image's own programs by name; every image has `node`. */
export function programsOf(image: Image): ReadonlyMap<string, Program> {
  const programs = new Map<string, Program>([
    ["node", { file: process.execPath, args: [], kind: "node" }],
  ]);
  for (const [name, path] of Object.entries(image.config.programs ?? {})) {
    const file = join(image.folder, path);
    programs.set(
      name,
      extname(path) === ".sh"
        ? { file: "/bin/sh", args: [file], kind: "shell" }
        : { file: process.execPath, args: [file], kind: "node" },
    );
  }
  return programs;
}

const written = new Set<string>();

/** Writes a folder of small scripts, one a program, for shells to find on their PATH. Returns the folder. */
export function writeLaunchers(image: Image, stateDir: string): string {
  const bin = join(stateDir, "images", image.id.slice(7, 31), "bin");
  if (written.has(bin)) return bin;
  written.add(bin);
  mkdirSync(bin, { recursive: true });
  for (const [name, program] of programsOf(image)) {
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

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
