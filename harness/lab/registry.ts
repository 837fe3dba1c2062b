import type { LabDefinition } from "./definition.ts";

type Listener = (definition: LabDefinition) => void;

const definitions = new Map<string, LabDefinition>();
let listener: Listener | undefined;

/** Adds a lab that its file has described. */
export function register(definition: LabDefinition): void {
  definitions.set(definition.name, definition);
  listener?.(definition);
}

/** The lab of that name, once its file has been imported. */
export function registeredLab(name: string): LabDefinition | undefined {
  return definitions.get(name);
}

/** Tells a test runner of each lab as its file describes it. */
export function onRegister(tell: Listener): void {
  listener = tell;
}
