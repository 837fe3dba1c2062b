import child_process from "node:child_process";
import { registerHooks } from "node:module";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import type { MountTable } from "../mount-table.ts";

/** Makes process.cwd, the folders of child processes and imports by absolute path mean the container's paths. */
export function installWorkingFolder(mounts: MountTable): void {
  const cwd = process.cwd.bind(process);
  const chdir = process.chdir.bind(process);
  process.cwd = () => mounts.toContainer(cwd());
  if (isMainThread) process.chdir = (folder) => chdir(mounts.toHost(resolve(folder)));
  translateChildFolders(mounts);
  registerHooks({
    resolve(specifier, context, next) {
      const isFile = specifier.startsWith("file:");
      if (!isFile && !isAbsolute(specifier)) return next(specifier, context);
      const path = isFile ? fileURLToPath(specifier) : specifier;
      const host = mounts.toHost(path);
      if (host === path) return next(specifier, context);
      return next(isFile ? pathToFileURL(host).href : host, context);
    },
  });
}

function translateChildFolders(mounts: MountTable): void {
  const holders: readonly (readonly [object, string])[] = [
    [child_process.ChildProcess.prototype, "spawn"],
    [child_process, "spawnSync"],
    [child_process, "execFileSync"],
    [child_process, "execSync"],
  ];
  for (const [holder, name] of holders) {
    const functions = holder as Record<string, (...args: unknown[]) => unknown>;
    const original = functions[name];
    if (!original) continue;
    functions[name] = function (this: unknown, ...args: unknown[]) {
      const translated = args.map((arg) => withHostFolder(arg, mounts));
      return original.apply(this, translated);
    };
  }
}

function withHostFolder(options: unknown, mounts: MountTable): unknown {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
  const { cwd } = options as { cwd?: unknown };
  if (typeof cwd !== "string" && !(cwd instanceof URL)) return options;
  const folder = typeof cwd === "string" ? resolve(cwd) : fileURLToPath(cwd);
  return { ...options, cwd: mounts.toHost(folder) };
}
