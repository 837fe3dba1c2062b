import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import type { Container } from "kubernetes-types/core/v1";
import type { FileView } from "./file-view.ts";
import type { Image } from "./images/image-store.ts";
import { isOffNetwork, programsOf } from "./images/launchers.ts";

/** What to spawn. */
export interface Executable {
  readonly file: string;
  readonly args: readonly string[];
  /** What the program sees as its own name. @default file */
  readonly argv0?: string | undefined;
}

/** The executable is not in the container; the message is what runc says of it. */
export class ExecutableNotFound extends Error {}

/**
 * Kubernetes: `command` replaces the image's entrypoint and drops its cmd, `args` replaces cmd.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
 */
export function commandLineOf(
  image: Image,
  container: Pick<Container, "command" | "args">,
): string[] {
  const { command = [], args = [] } = container;
  if (command.length > 0) return [...command, ...args];
  return [...image.entrypoint, ...(args.length > 0 ? args : image.cmd)];
}

/** Finds the program that a command line names, as the container would, and puts real paths into it. */
export function resolveExecutable(
  image: Image,
  argv: readonly string[],
  view: FileView,
): Executable {
  const [name = "", ...args] = argv;
  const own = programsOf(image).get(isInBin(name) ? basename(name) : name);
  if (own?.kind === "node" && own.args.length === 0)
    return { file: own.file, args: nodeArguments(args, view) };
  if (own) return { file: own.file, args: [...own.args, ...args.map((arg) => view.rewrite(arg))] };
  const file = findProgram(image, name, view);
  const rewritten = archiveArguments(name, args, view) ?? args.map((arg) => view.rewrite(arg));
  return { file, args: rewritten, argv0: name };
}

/**
 * `tar cf - /data/file`, as kubectl cp asks for it: an archive holds the names that its caller gave, which must be the
 * container's. Undefined for anything else.
 */
function archiveArguments(
  name: string,
  [mode = "", file, ...paths]: readonly string[],
  view: FileView,
): string[] | undefined {
  if (basename(name) !== "tar" || !/^-?cf$/.test(mode) || file !== "-") return undefined;
  if (!paths.every((path) => path.startsWith("/"))) return undefined;
  const names = paths.map((path) => path.slice(1));
  const isOwn = names.every((path) => existsSync(join(view.rootFolder, path)));
  const isMachine = paths.every((path) => view.toHost(path) === path);
  // Mounts are links in the root folder: they are followed.
  return isOwn || isMachine
    ? ["-chf", "-", "-C", isOwn ? view.rootFolder : "/", ...names]
    : undefined;
}

/** The script's path is read by node before any preload runs; a script in the arguments, and what follows it, is not. */
function nodeArguments(args: readonly string[], view: FileView): string[] {
  const script = args.findIndex((arg) => !arg.startsWith("-"));
  if (args.slice(0, script).some((arg) => inlineScript.test(arg))) return [...args];
  return args.map((arg, index) => (index === script ? view.rewrite(arg) : arg));
}

const inlineScript = /^(-e|-p|-pe|--eval|--print)$/;

function findProgram(image: Image, name: string, view: FileView): string {
  const mayBeMachines = image.config.hostPrograms === true && !isOffNetwork(basename(name));
  if (name.includes("/")) {
    const path = view.toHost(name);
    if (isExecutable(path) && (mayBeMachines || path !== name)) return path;
    throw new ExecutableNotFound(`exec: "${name}": stat ${name}: no such file or directory`);
  }
  if (mayBeMachines)
    for (const folder of hostPath()) {
      for (const suffix of process.platform === "win32" ? [".exe", ".cmd", ""] : [""]) {
        const path = join(folder, name + suffix);
        if (isExecutable(path)) return path;
      }
    }
  throw new ExecutableNotFound(`exec: "${name}": executable file not found in $PATH`);
}

/** The machine's own PATH, without folders that only this project put there. */
export function hostPath(): readonly string[] {
  return (hostFolders ??= findHostFolders());
}

let hostFolders: readonly string[] | undefined;

function findHostFolders(): readonly string[] {
  const folders = (process.env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  const real = folders.filter((folder) => folder !== "" && !folder.includes("node_modules"));
  return [...new Set(real)];
}

function isInBin(name: string): boolean {
  return /^(\/usr(\/local)?)?\/s?bin\/[^/]+$/.test(name);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
