export { lab } from "./lab/lab.ts";
export type { LabOptions, SabotageOptions, StepText, Vars } from "./lab/definition.ts";
export type { LabTools } from "./lab/tools.ts";
export type { RequestDescription } from "./lab/request.ts";
export type { Text } from "./report/text.ts";
