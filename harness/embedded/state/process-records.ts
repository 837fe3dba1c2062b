import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../time/clock.ts";
import { identifyProcess, isRunning, type ProcessIdentity } from "./process-identity.ts";

interface ProcessRecord extends ProcessIdentity {
  /** The process leads a group: the whole group is ended. */
  readonly group: boolean;
}

/** How long a process may take to obey SIGTERM in a sweep before it is killed. */
const sweepGraceMs = 500;

/** Notes a process that the cluster started, so that a sweep can end it whatever becomes of the cluster. */
export function recordProcess(
  stateDir: string,
  pid: number,
  options: { readonly group: boolean },
): void {
  const identity = identifyProcess(pid);
  if (!identity) return;
  mkdirSync(recordsOf(stateDir), { recursive: true, mode: 0o700 });
  const record: ProcessRecord = { ...identity, group: options.group };
  writeFileSync(join(recordsOf(stateDir), String(pid)), JSON.stringify(record));
}

/** Forgets a process that has ended. */
export function forgetProcess(stateDir: string, pid: number): void {
  rmSync(join(recordsOf(stateDir), String(pid)), { force: true });
}

/** Ends every recorded process that still runs: SIGTERM, then SIGKILL. */
export async function sweepProcesses(stateDir: string): Promise<void> {
  const left = readRecords(stateDir).filter(isRunning);
  for (const record of left) signal(record, "SIGTERM");
  const deadlineMs = systemClock.now() + sweepGraceMs;
  while (left.some(isRunning) && systemClock.now() < deadlineMs) await systemClock.sleep(20);
  for (const record of left) signal(record, "SIGKILL");
}

function readRecords(stateDir: string): ProcessRecord[] {
  let names: string[];
  try {
    names = readdirSync(recordsOf(stateDir));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(recordsOf(stateDir), name), "utf8")) as ProcessRecord];
    } catch {
      return [];
    }
  });
}

/** A group may outlive its leader, so its group is signalled even where the leader is gone. */
function signal(record: ProcessRecord, name: NodeJS.Signals): void {
  try {
    process.kill(record.group && process.platform !== "win32" ? -record.pid : record.pid, name);
  } catch {
    // It is gone: that is what was wanted.
  }
}

function recordsOf(stateDir: string): string {
  return join(stateDir, "processes");
}
