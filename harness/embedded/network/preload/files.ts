import fs from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { MountTable } from "../mount-table.ts";
import { readOnlyError, rewordFileError } from "./errors.ts";
import { fileFunctions, type FileFunction } from "./file-functions.ts";

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** A path that was translated: where it is, and how the program wrote it. */
interface Translated {
  readonly index: number;
  readonly host: string;
  readonly given: string;
}

/** Makes node:fs see the container's files. Paths of the machine, which Node's module loader uses, pass as they are. */
export function installFiles(mounts: MountTable): void {
  const exists = fs.existsSync;
  const translator = new Translator(mounts, exists);
  for (const [name, usage] of Object.entries(fileFunctions)) {
    translator.replace(fs, name, name, usage);
    translator.replace(fs, `${name}Sync`, name, usage);
    translator.replace(fs.promises, name, name, usage);
  }
  for (const holder of [fs.realpath, fs.realpathSync])
    translator.replace(holder, "native", "realpath", { paths: [0], answersPath: true });
  Object.defineProperty(fs.exists, promisify.custom, {
    value: (path: string) => Promise.resolve(fs.existsSync(path)),
  });
}

class Translator {
  readonly #mounts: MountTable;
  readonly #exists: (path: string) => boolean;

  constructor(mounts: MountTable, exists: (path: string) => boolean) {
    this.#mounts = mounts;
    this.#exists = exists;
  }

  replace(holder: object, name: string, syscall: string, usage: FileFunction): void {
    const functions = holder as Record<string, AnyFunction>;
    const original = functions[name];
    if (!original) return;
    const call = (self: unknown, args: unknown[]) =>
      this.#call(original, self, args, syscall, usage);
    const replacement: AnyFunction = function (...args) {
      return call(this, args);
    };
    for (const key of Reflect.ownKeys(original).filter((own) => own !== promisify.custom))
      Object.defineProperty(replacement, key, {
        ...Object.getOwnPropertyDescriptor(original, key),
      });
    functions[name] = replacement;
  }

  #call(
    original: AnyFunction,
    self: unknown,
    args: unknown[],
    syscall: string,
    usage: FileFunction,
  ): unknown {
    const translated = usage.paths.flatMap((index) => this.#translate(args[index], index, syscall));
    if (translated.length === 0) return original.apply(self, args);
    const reword = (error: unknown) => {
      for (const { host, given } of translated) rewordFileError(error, host, given);
      return error;
    };
    const answer = (value: unknown) =>
      usage.answersPath && typeof value === "string" ? this.#mounts.toContainer(value) : value;
    const passed = [...args];
    for (const { index, host } of translated) passed[index] = host;
    const callback = passed.at(-1);
    const refused = this.#refusal(translated, args, syscall, usage);
    if (typeof callback === "function" && !usage.keepsListener) {
      const done = callback as AnyFunction;
      if (refused) return process.nextTick(done, refused);
      passed[passed.length - 1] = function (
        this: unknown,
        error: unknown,
        value: unknown,
        ...rest: unknown[]
      ) {
        return done.call(this, reword(error), answer(value), ...rest);
      };
      return original.apply(self, passed);
    }
    if (refused && self === fs.promises) return Promise.reject(refused);
    if (refused) throw refused;
    return settle(() => original.apply(self, passed), answer, reword);
  }

  /** Nothing where the path is not the container's. */
  #translate(path: unknown, index: number, syscall: string): Translated[] {
    const given = textOf(path);
    // A symbolic link may point anywhere, relative to where it lies.
    if (given === undefined || (syscall === "symlink" && index === 0 && !isAbsolute(given)))
      return [];
    const host = this.#mounts.toHost(isAbsolute(given) ? given : resolve(given));
    if (host === given || (!isAbsolute(given) && host === resolve(given))) return [];
    return [{ index, host: syscall === "mkdtemp" ? withPrefix(host, given) : host, given }];
  }

  #refusal(
    translated: readonly Translated[],
    args: readonly unknown[],
    syscall: string,
    usage: FileFunction,
  ): Error | undefined {
    const isOpen = syscall === "open";
    const isWriting = isOpen ? isWriteFlag(args[1]) : syscall === "access" && isWriteMode(args[1]);
    for (const { index, host, given } of translated) {
      if (!isWriting && !usage.writes?.includes(index)) continue;
      const path = isAbsolute(given) ? given : resolve(given);
      if (!this.#mounts.isReadOnly(path)) continue;
      // The kernel says first that a folder exists already, or that a file does not.
      const isThere = this.#exists(host);
      const comesFirst = syscall === "mkdir" ? isThere : !isThere && removals.has(syscall);
      if (!comesFirst) return readOnlyError(openers.has(syscall) ? "open" : syscall, given);
    }
    return undefined;
  }
}

/** Functions whose error names the system call behind them. */
const openers = new Set(["appendFile", "writeFile"]);
const removals = new Set(["rm", "rmdir", "unlink", "access", "chmod", "utimes", "truncate"]);

function settle(
  call: () => unknown,
  answer: (value: unknown) => unknown,
  reword: (error: unknown) => unknown,
): unknown {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    throw reword(error);
  }
  if (!(result instanceof Promise)) return answer(result);
  return result.then(answer, (error: unknown) => {
    throw reword(error);
  });
}

function textOf(path: unknown): string | undefined {
  if (typeof path === "string") return path === "" ? undefined : path;
  if (path instanceof URL && path.protocol === "file:") return fileURLToPath(path);
  if (Buffer.isBuffer(path)) return path.toString();
  return undefined;
}

/** A prefix that ends in a slash makes the folder inside, one that does not beside. */
const withPrefix = (host: string, given: string): string =>
  given.endsWith("/") && !host.endsWith("/") ? `${host}/` : host;

function isWriteFlag(flags: unknown): boolean {
  const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
  if (typeof flags === "number") return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) !== 0;
  return typeof flags === "string" && /[wa+]/.test(flags);
}

const isWriteMode = (mode: unknown): boolean =>
  typeof mode === "number" && (mode & fs.constants.W_OK) !== 0;
