import type { Capability } from "../clusters/cluster.ts";
import type { Text } from "../report/text.ts";
import type { LabTools } from "./tools.ts";

/** A lab's settings, which a sabotage may change. */
export type Vars = Readonly<Record<string, string | number | boolean>>;

export interface LabOptions<V extends Vars = Vars> {
  /** Where the lab comes from: `k8s-test › 4`. */
  readonly tutorial: string;
  /** What the lab shows, in one sentence. */
  readonly shows: Text;
  /** What a reader will see, before the first step. */
  readonly before?: Text;
  /** What happened and why, after the last step. */
  readonly after?: Text;
  /** Add-ons that must be installed: `istio`, `ingress-nginx`. @default none */
  readonly addons?: readonly string[];
  /** What the cluster must be able to do; elsewhere the lab is skipped and says so. @default nothing */
  readonly requires?: readonly Capability[];
  /** Settings of the lab itself, given to it as `vars`. @default none */
  readonly vars?: V;
  /** Labels of the lab's namespaces, beside its own. @default none */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** Further namespaces, named after the lab's own: `other` becomes `…-other`. @default none */
  readonly spaces?: readonly string[];
  /** The lab's folder. @default labs/NAME */
  readonly folder?: string;
  /** How long one step may take. @default 120_000 */
  readonly stepTimeoutMs?: number;
}

/** What a step says before it does anything. */
export interface StepText {
  readonly title: Text;
  /** Why the step is taken. */
  readonly why?: Text;
  /** What to look at. */
  readonly look?: Text;
}

export interface StepDefinition extends StepText {
  readonly run: () => Promise<void>;
}

/** The type of a lab file's one function: it is called once for every run. */
export type Define<V extends Vars = Vars> = (tools: LabTools<V>) => void;

/** One change that a check must notice. */
export interface SabotageOptions {
  /** The manifest that is changed. */
  readonly in?: string;
  /** Which object of it: `Deployment/logic-v1`. @default the only one that has the field */
  readonly object?: string;
  /** Fields and their new values: `{ "spec.replicas": 2 }`. They must exist. */
  readonly change?: Readonly<Record<string, unknown>>;
  /** Fields that are added, with their values. */
  readonly add?: Readonly<Record<string, unknown>>;
  /** Two fields whose values change places. */
  readonly swap?: readonly [string, string];
  /** A field that is left out. */
  readonly remove?: string;
  /** The whole manifest is left out. */
  readonly leaveOut?: true;
  /** Settings of the lab that change. */
  readonly set?: Vars;
  /** The title (in English) of the step whose check must fail. */
  readonly fails: string;
  /** The matcher of that step which must fail. @default any of them */
  readonly check?: string;
  /** Words that the failure must say. */
  readonly because?: string;
}

export interface SabotageDefinition extends SabotageOptions {
  readonly title: Text;
}

/** A lab as its file describes it. */
export interface LabDefinition {
  readonly name: string;
  readonly folder: string;
  readonly options: LabOptions;
  readonly define: Define;
  /** The steps' texts, in order. */
  readonly steps: readonly StepText[];
  readonly sabotages: readonly SabotageDefinition[];
}
