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
  await import(pathToFileURL(file).href);
  const definition = registeredLab(name);
  if (!definition)
    throw new LabError(
      "LAB_INVALID",
      `${file} describes no lab "${name}": its name must be its folder's`,
    );
  return definition;
}
