import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { diskFull } from "../errors/disk-full.ts";
import { LabError } from "../errors/lab-error.ts";

/** Fails before anything starts where a report could not be written at the end; `option` names it: "--json". */
export function mustBeWritable(option: string, file: string | undefined): void {
  if (file === undefined) return;
  if (file === "")
    throw new LabError("LAB_USAGE", `${option}: expected a file's name, got nothing`);
  const folder = dirname(resolve(file));
  if (!isFolder(folder))
    throw new LabError("LAB_USAGE", `${option} ${file}: there is no folder ${folder}`, {
      advice: `Make it first: mkdir -p ${folder}`,
    });
  if (isFolder(resolve(file)))
    throw new LabError("LAB_USAGE", `${option} ${file}: expected a file, this is a folder`);
  const isNew = statSync(file, { throwIfNoEntry: false }) === undefined;
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw unwritable(option, file, error);
  }
  if (isNew) rmSync(file, { force: true });
}

/** A report and the option that asked for it. */
export interface Report {
  readonly option: string;
  readonly file: string;
  readonly text: string;
}

/** Writes each report, whatever becomes of the others; then fails with the first that could not be written. */
export async function writeReports(reports: readonly Report[]): Promise<void> {
  const written = await Promise.allSettled(
    reports.map(async ({ option, file, text }) => {
      try {
        await writeFile(file, text);
      } catch (error) {
        throw unwritable(option, file, error);
      }
    }),
  );
  for (const one of written) if (one.status === "rejected") throw one.reason;
}

function unwritable(option: string, file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return (
    diskFull(error, file) ??
    new LabError("LAB_USAGE", `${option} ${file} cannot be written: ${code}`, {
      advice: "Name a file in a folder that you may write to.",
      cause: error,
    })
  );
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
