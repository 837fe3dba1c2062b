import { join, posix } from "node:path";

/** [path in the container, path on the host, "ro" where writing is refused]. */
export type MountEntry = readonly [string, string, "ro"?];

interface Mount {
  readonly from: string;
  readonly to: string;
  readonly readOnly: boolean;
}

/** Translates between a container's paths and the machine's: the longest matching folder decides. */
export class MountTable {
  readonly #toHost: readonly Mount[];
  readonly #toContainer: readonly Mount[];

  constructor(entries: readonly MountEntry[]) {
    const mounts = entries.map(([from, to, mode]) => ({ from, to, readOnly: mode === "ro" }));
    // A real path stays what it is, unless the container has something else there.
    const real = mounts
      .filter(({ from, to }) => from !== to && to !== "/")
      .filter(({ to }) => !mounts.some(({ from }) => from === to))
      .map(({ to, readOnly }) => ({ from: to, to, readOnly }));
    this.#toHost = byLength([...mounts, ...real], "from");
    this.#toContainer = byLength(mounts, "to");
  }

  /** Where an absolute path of the container really is. */
  toHost(path: string): string {
    const clean = isClean(path) ? path : posix.normalize(path);
    const mount = this.#mountOf(clean);
    return mount && mount.from !== mount.to ? moved(clean, mount.from, mount.to) : path;
  }

  /** What the container calls this real path. */
  toContainer(path: string): string {
    const mount = this.#toContainer.find(({ to }) => isUnder(path, to));
    return mount && mount.from !== mount.to ? moved(path, mount.to, mount.from) : path;
  }

  isReadOnly(path: string): boolean {
    return this.#mountOf(posix.normalize(path))?.readOnly ?? false;
  }

  #mountOf(path: string): Mount | undefined {
    return this.#toHost.find(({ from }) => isUnder(path, from));
  }
}

function byLength(mounts: readonly Mount[], side: "from" | "to"): Mount[] {
  return mounts.toSorted((one, other) => other[side].length - one[side].length);
}

function moved(path: string, from: string, to: string): string {
  const rest = path.slice(from.length).replace(/^[\\/]/, "");
  if (rest === "") return to;
  return to === "/" ? `/${rest}` : join(to, rest);
}

function isUnder(path: string, folder: string): boolean {
  if (folder === "/") return path.startsWith("/");
  if (!path.startsWith(folder)) return false;
  const next = path[folder.length];
  return next === undefined || next === "/" || next === "\\";
}

const isClean = (path: string): boolean => !path.includes("/.") && !path.includes("//");
