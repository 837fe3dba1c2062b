import { constants } from "node:os";
import type { Failure } from "../wire.ts";

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available",
};

/** getaddrinfo's own numbers, which node:os does not list. */
const lookupNumbers: Readonly<Record<string, number>> = { ENOTFOUND: -3008, EAI_AGAIN: -3001 };

function errnoOf(code: string): number {
  return -((constants.errno as Record<string, number>)[code] ?? 0);
}

/** Without the stack, which would only show the preload; Node's own has no line of the program either. */
function bare<T extends Error>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** As Node words a failed connect. */
export function connectError(failure: Failure, port: number): Error {
  if (failure.code in lookupNumbers) return lookupError(failure.code, failure.address ?? "");
  const where = failure.address ? `${failure.address}:${port}` : `port ${port}`;
  const detail = failure.detail ? ` (${failure.detail})` : "";
  return Object.assign(
    bare(() => new Error(`connect ${failure.code} ${where}${detail}`)),
    {
      errno: errnoOf(failure.code),
      code: failure.code,
      syscall: "connect",
      address: failure.address,
      port,
    },
  );
}

/** As Node words a connect that failed at every address of a name. */
export function connectErrors(failures: readonly Failure[], port: number): Error {
  const errors = failures.map((failure) => connectError(failure, port));
  if (errors.length === 1 && errors[0]) return errors[0];
  return Object.assign(
    bare(() => new AggregateError(errors)),
    { code: failures[0]?.code },
  );
}

/** As Node words a failed getaddrinfo. */
export function lookupError(code: string, hostname: string): Error {
  return queryError(code, "getaddrinfo", hostname);
}

/** As Node words a failed DNS query; c-ares errors have no number. */
export function queryError(code: string, syscall: string, hostname: string): Error {
  return Object.assign(
    bare(() => new Error(`${syscall} ${code} ${hostname}`)),
    {
      errno: syscall === "getaddrinfo" ? lookupNumbers[code] : undefined,
      code,
      syscall,
      hostname,
    },
  );
}

/** As Node words a failed listen. */
export function listenError(code: string, address: string, port: number, detail?: string): Error {
  const text = detail ?? words[code] ?? code;
  return Object.assign(
    bare(() => new Error(`listen ${code}: ${text} ${address}:${port}`)),
    {
      errno: errnoOf(code),
      code,
      syscall: "listen",
      address,
      port,
    },
  );
}

/** Names the path as the program wrote it in an error of node:fs. */
export function rewordFileError(error: unknown, host: string, given: string): void {
  if (!(error instanceof Error) || !("path" in error || "dest" in error)) return;
  const fields = error as Error & { path?: unknown; dest?: unknown };
  if (fields.path === host) fields.path = given;
  if (fields.dest === host) fields.dest = given;
  error.message = error.message.replaceAll(host, given);
  if (error.stack) error.stack = error.stack.replaceAll(host, given);
}

/** As the kernel refuses to write to a volume that is mounted read-only. */
export function readOnlyError(syscall: string, path: string): Error {
  return Object.assign(new Error(`EROFS: read-only file system, ${syscall} '${path}'`), {
    errno: errnoOf("EROFS") || -30,
    code: "EROFS",
    syscall,
    path,
  });
}
