import { join } from "node:path";
import { LabError } from "../errors/lab-error.ts";
import { inLanguage } from "../report/text.ts";
import type {
  Define,
  LabDefinition,
  LabOptions,
  SabotageDefinition,
  StepText,
  Vars,
} from "./definition.ts";
import { labsFolder } from "./find-labs.ts";
import { register } from "./registry.ts";
import { createReadingTools } from "./tools.ts";

/** Describes a lab: its name (which is its folder's), where it comes from, and what is done step by step. */
export function lab<const V extends Vars = Vars>(
  name: string,
  options: LabOptions<V>,
  define: Define<V>,
): void {
  register(describeLab(name, options, define as unknown as Define));
}

/** Reads a lab's function without running anything: its steps and sabotages. */
export function describeLab(name: string, options: LabOptions, define: Define): LabDefinition {
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
    throw invalid(name, "its name must be lower-case letters, digits and dashes, at most 40", name);
  const steps: StepText[] = [];
  const sabotages: SabotageDefinition[] = [];
  define(createReadingTools(name, options.vars ?? {}, {
    step: (text) => void steps.push(text),
    sabotage: (title, sabotage) => void sabotages.push({ title, ...sabotage }),
  }));
  if (steps.length === 0) throw invalid(name, "it has no step", "no step");
  const titles = steps.map((step) => inLanguage(step.title, "en"));
  const twice = titles.find((title, index) => titles.indexOf(title) !== index);
  if (twice !== undefined) throw invalid(name, `two steps are called "${twice}"`, twice);
  for (const sabotage of sabotages) mustBeComplete(name, sabotage, titles);
  return {
    name,
    folder: options.folder ?? join(labsFolder, name),
    options,
    define,
    steps,
    sabotages,
  };
}

function mustBeComplete(
  name: string,
  sabotage: SabotageDefinition,
  titles: readonly string[],
): void {
  const title = inLanguage(sabotage.title, "en");
  const problem = (what: string) => {
    throw new LabError("LAB_SABOTAGE_INVALID", `${name}: sabotage "${title}": ${what}`);
  };
  if (!titles.includes(sabotage.fails))
    problem(
      `no step is called "${sabotage.fails}"; the steps are ${titles.map((t) => `"${t}"`).join(", ")}`,
    );
  const { change, add, swap, remove, leaveOut, set } = sabotage;
  const inFile = [change, add, swap, remove, leaveOut].some((part) => part !== undefined);
  if (!inFile && set === undefined) problem("it changes nothing");
  if (inFile && sabotage.in === undefined) problem("it names no manifest to change (in)");
}

function invalid(name: string, message: string, received: string): LabError {
  return new LabError("LAB_INVALID", `lab "${name}": ${message}`, { facts: { received } });
}
