import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/** One entry of a container's mount table: longest container path first wins. */
export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
}

/** Folders of the machine that programs need where they are. */
const machineFolders = [
  "/bin",
  "/sbin",
  "/usr",
  "/lib",
  "/lib32",
  "/lib64",
  "/dev",
  "/proc",
  "/sys",
  "/nix",
  "/etc/ssl",
  "/etc/pki",
  "/etc/alternatives",
  "/System",
  "/Library",
  "/opt/homebrew",
];
const projectFolder = fileURLToPath(new URL("../../..", import.meta.url)).replace(/[\\/]$/, "");

/** The files that a container sees: its image, its volumes, and a folder of its own for everything else. */
export class FileView {
  /** Where the container's own files are. */
  readonly rootFolder: string;
  readonly #mounts: readonly Mount[];

  constructor(rootFolder: string, mounts: readonly Mount[], keep: readonly string[] = []) {
    this.rootFolder = rootFolder;
    const machine = [...machineFolders, projectFolder, dirname(process.execPath), ...keep];
    this.#mounts = [
      ...mounts,
      ...machine.map((path) => ({ containerPath: path, hostPath: path, readOnly: false })),
      { containerPath: "/", hostPath: rootFolder, readOnly: false },
    ].toSorted((a, b) => b.containerPath.length - a.containerPath.length);
  }

  /** Where a path of the container really is. */
  toHost(path: string): string {
    const mount = this.#mounts.find(({ containerPath }) => isUnder(path, containerPath));
    if (!mount) return path;
    const rest = path.slice(mount.containerPath.length).replace(/^\//, "");
    return rest === "" ? mount.hostPath : join(mount.hostPath, rest);
  }

  /** Replaces absolute paths in a command's word or script by where they really are. */
  rewrite(text: string): string {
    if (isAbsolute(text) && !/[\s;|&]/.test(text)) return this.toHost(text);
    return text.replaceAll(pathInText, (path) => this.toHost(path));
  }

  /** Replaces real paths in what a program printed by the container's. */
  toContainer(text: string): string {
    const moved = this.#mounts.filter(({ containerPath, hostPath }) => containerPath !== hostPath);
    let result = text;
    for (const { containerPath, hostPath } of moved.toSorted(byHostPath))
      result = result
        .replaceAll(`${hostPath}/`, containerPath === "/" ? "/" : `${containerPath}/`)
        .replaceAll(new RegExp(`${RegExp.escape(hostPath)}(?![\\w.-])`, "g"), containerPath);
    return result;
  }

  /** The table for the preload: [[container path, host path, "ro"?], ...]. */
  toVariable(): string {
    return JSON.stringify(
      this.#mounts.map(({ containerPath, hostPath, readOnly }) =>
        readOnly ? [containerPath, hostPath, "ro"] : [containerPath, hostPath],
      ),
    );
  }
}

/** An absolute path at the start of a word, after a quote, a redirection or an equals sign; `//` is a URL's. */
const pathInText = /(?<=^|[\s'"=<>|&;(`,])\/(?!\/)[\w.@%+~/-]*/g;

function byHostPath(a: Mount, b: Mount): number {
  return b.hostPath.length - a.hostPath.length;
}

function isUnder(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}
