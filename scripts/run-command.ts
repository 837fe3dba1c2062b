import { diskFull } from "../harness/errors/disk-full.ts";
import { LabError } from "../harness/errors/lab-error.ts";

/**
 * Runs what a person asked for on the command line: answers --help, turns Ctrl-C and SIGTERM into an aborted
 * signal so that everything started is cleaned up, and ends with the error's message, advice and exit code.
 */
export async function runCommand(
  usage: string,
  command: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    console.log(usage);
    return;
  }
  const controller = new AbortController();
  let interruptedBy: number | undefined;
  for (const [name, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    process.on(name, () => {
      // npm passes Ctrl-C on to a process that has it from the terminal already.
      if (interruptedBy === undefined) console.error(`\nstopped by ${name}: cleaning up`);
      interruptedBy ??= code;
      controller.abort(new Error(`stopped by ${name}`));
    });
  let unwritable: Error | undefined;
  for (const output of [process.stdout, process.stderr])
    // Node would end at once, and leave what was started: `| head`, a terminal that was closed, a full disk.
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (interruptedBy === undefined && !hasNoReader(error)) unwritable ??= error;
      interruptedBy ??= goneReader;
      controller.abort(error);
    });
  try {
    await command(controller.signal);
  } catch (error) {
    if (interruptedBy === undefined) process.exitCode = printFailure(error, usage);
  }
  if (interruptedBy !== undefined) process.exitCode = interruptedBy;
  if (unwritable !== undefined) process.exitCode = printFailure(unwritable, usage);
}

/** What a shell tells of a program whose reader went away: 128 and the number of SIGPIPE. */
const goneReader = 141;

/** Whoever read the output along is no longer there. */
function hasNoReader({ code }: NodeJS.ErrnoException): boolean {
  return code === "EPIPE" || code === "EIO" || code === "ECONNRESET";
}

/** Prints the failure for people; returns the exit code that goes with it. */
function printFailure(thrown: unknown, usage: string): number {
  const error = diskFull(thrown) ?? thrown;
  if (error instanceof LabError) {
    console.error(`${error.message}\n  → ${error.advice}  [${error.code}]`);
    return error.exitCode;
  }
  if (
    error instanceof TypeError &&
    "code" in error &&
    String(error.code).startsWith("ERR_PARSE_ARGS")
  ) {
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
  console.error(error);
  return 1;
}
