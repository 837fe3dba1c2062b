import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LabError } from "../errors/lab-error.ts";

/** Fails before anything starts where a report could not be written at the end; `option` names it: "--json". */
export function mustHaveFolder(option: string, file: string | undefined): void {
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
  if (!isWritable(folder) && !isWritable(resolve(file)))
    throw new LabError("LAB_USAGE", `${option} ${file}: ${folder} cannot be written`, {
      advice: "Name a file in a folder that you may write to.",
    });
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
