import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { closest } from "../errors/closest.ts";
import { LabError } from "../errors/lab-error.ts";
import type { LabDefinition } from "./definition.ts";
import { registeredLab } from "./registry.ts";

/** The folder that holds one folder a lab. */
export const labsFolder = join(import.meta.dirname, "../../labs");

/** The names of all labs, sorted. */
export function labNames(folder: string = labsFolder): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "lab.ts")))
    .toSorted();
}

/** Reads one lab's file. An unknown name is LAB_UNKNOWN with the closest ones. */
export async function loadLab(name: string, folder: string = labsFolder): Promise<LabDefinition> {
  const names = labNames(folder);
  if (!names.includes(name)) {
    const near = closest(name, names);
    throw new LabError(
      "LAB_UNKNOWN",
      `there is no lab "${name}"${near.length > 0 ? `; did you mean ${near.join(", ")}?` : ""}`,
      { facts: { expected: near, received: name } },
    );
  }
  const file = join(folder, name, "lab.ts");
  await importLab(file);
  const definition = registeredLab(name);
  if (!definition)
    throw new LabError(
      "LAB_INVALID",
      `${file} describes no lab "${name}": its name must be its folder's`,
    );
  return definition;
}

/** A lab's file is somebody's work in progress: what is wrong with it is said with its place, and not as a stack. */
async function importLab(file: string): Promise<void> {
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof LabError || !(error instanceof Error)) throw error;
    const message = `${placeIn(file, error)}: ${error.name}: ${error.message}`;
    throw new LabError("LAB_INVALID", message, { cause: error });
  }
}

/** `lab.ts:12` where the error or its stack tells the line. */
function placeIn(file: string, { stack = "" }: Error): string {
  const at = stack.indexOf(`${file}:`);
  const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + file.length + 1))?.[0];
  return line === undefined ? file : `${file}:${line}`;
}
