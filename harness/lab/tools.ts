import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { LabError } from "../errors/lab-error.ts";
import type { Kube } from "../kube/kube.ts";
import { parseTarget } from "../kube/target.ts";
import { inLanguage, type Text } from "../report/text.ts";
import { applyManifest, type PlaceOptions, removeManifest } from "./apply-manifests.ts";
import { type Answer, ask } from "./ask.ts";
import { type ComposeStack, startCompose } from "./compose.ts";
import type { SabotageOptions, StepText, Vars } from "./definition.ts";
import { type Check, eventually, type EventuallyOptions } from "./eventually.ts";
import { expectLoad, type LoadExpectation } from "./expect-load.ts";
import { expectRequests } from "./expect-requests.ts";
import type { RequestExpectation } from "./request-expectation.ts";
import { expectValue, type ValueExpectation } from "./expect-value.ts";
import { isLoadDescription, load, type LoadDescription } from "./load.ts";
import { from, isRequestDescription, outside, type RequestDescription } from "./request.ts";
import type { RunContext } from "./run-context.ts";

/** `expect(…)`: of described requests, of a load, or of a plain value. */
export interface Expect {
  (requests: RequestDescription): RequestExpectation;
  (load: LoadDescription): LoadExpectation;
  /** `what` names the value, in the message and on the lab's page. */
  (value: unknown, what?: Text): ValueExpectation;
}

export interface ReadyOptions {
  /** @default 120_000 */
  readonly timeoutMs?: number;
}

/** What a lab's function is given. */
export interface LabTools<V extends Vars = Vars> {
  /** Adds a step; steps run in order, and those after a failed one are skipped. */
  readonly step: (text: string | StepText, run: () => Promise<void>) => void;
  /** Declares one change that the check of a step must notice. */
  readonly sabotage: (title: Text, options: SabotageOptions) => void;
  /** Applies files of the lab's manifests folder. */
  readonly apply: (...files: readonly (string | PlaceOptions)[]) => Promise<void>;
  /** Deletes what files of the manifests folder hold, or objects by `kind/name`; waits until they are gone. */
  readonly remove: (...files: readonly (string | PlaceOptions)[]) => Promise<void>;
  /** Waits until every object named is ready; ends early where waiting cannot help. */
  readonly ready: (...targets: readonly (string | ReadyOptions)[]) => Promise<void>;
  readonly from: typeof from;
  readonly outside: typeof outside;
  readonly load: typeof load;
  readonly expect: Expect;
  /** Sends a described request once and gives its answer, whatever it is. */
  readonly ask: (request: RequestDescription) => Promise<Answer>;
  /** Starts a docker compose file of the lab's folder; its containers are gone when the lab ends. */
  readonly compose: (
    file: string,
    variables?: Readonly<Record<string, string>>,
  ) => Promise<ComposeStack>;
  /** Repeats a check until it no longer throws. */
  readonly eventually: <T>(check: Check<T>, options?: EventuallyOptions) => Promise<T>;
  /** kubectl's verbs in the lab's namespaces. */
  readonly kube: Kube;
  /** The lab's own namespace in this run. */
  readonly namespace: string;
  /** The full name of one of the lab's further namespaces. */
  readonly namespaceOf: (space: string) => string;
  readonly vars: V;
}

/** Where a lab's steps and sabotages are collected while its function is called. */
export interface Collector {
  step(text: StepText, run: () => Promise<void>): void;
  sabotage(title: Text, options: SabotageOptions): void;
}

/** The tools of one run. */
export function createTools(context: RunContext, collector: Collector): LabTools {
  const inStep = () => {
    if (context.stepNumber > 0) return;
    throw new LabError("LAB_INVALID", `${context.definition.name}: used outside a step`);
  };
  return {
    step: (text, run) => collector.step(toStepText(text), run),
    sabotage: (title, options) => collector.sabotage(title, options),
    async apply(...all) {
      inStep();
      const { names, options } = separate<PlaceOptions>(all);
      for (const name of names)
        await context.time("deploy", () => applyManifest(context, name, options));
    },
    async remove(...all) {
      inStep();
      const { names, options } = separate<PlaceOptions>(all);
      for (const name of names)
        await context.time("deploy", () => removeManifest(context, name, options));
    },
    async ready(...all) {
      inStep();
      const { names, options } = separate<ReadyOptions>(all);
      for (const name of names) context.command(howToWait(context, name));
      await context.time("deploy", () => context.kube.ready(names, options));
    },
    from,
    outside,
    load,
    expect: createExpect(context),
    ask: (request) => ask(context, request),
    compose: (file, variables = {}) => compose(context, file, variables),
    eventually: (check, options) =>
      eventually(check, { clock: context.clock, signal: context.signal, ...options }),
    kube: context.kube,
    namespace: context.namespace,
    namespaceOf: (space) => context.kube.namespaceOf(space),
    vars: context.vars,
  };
}

/** The tools with which a lab's function is read: only step and sabotage do anything. */
export function createReadingTools(name: string, vars: Vars, collector: Collector): LabTools {
  const unusable = (): never => {
    throw new LabError("LAB_INVALID", `${name}: used outside a step`);
  };
  return {
    step: (text, run) => collector.step(toStepText(text), run),
    sabotage: (title, options) => collector.sabotage(title, options),
    apply: unusable,
    remove: unusable,
    ready: unusable,
    from,
    outside,
    load,
    expect: unusable,
    ask: unusable,
    compose: unusable,
    eventually: unusable,
    kube: new Proxy({} as Kube, { get: unusable }),
    namespace: `kubelab-${name}`,
    namespaceOf: (space) => `kubelab-${name}-${space}`,
    vars,
  };
}

function createExpect(context: RunContext): Expect {
  const fail = (error: LabError) => {
    if (!context.options.fault) throw error;
    context.progress(`surveying, so noted and passed over: ${error.message}`);
  };
  return ((value: unknown, what?: Text) => {
    if (isRequestDescription(value)) return expectRequests(context, value);
    if (isLoadDescription(value)) return expectLoad(context, value);
    return expectValue(value, what && inLanguage(what, "en"), fail);
  }) as Expect;
}

function toStepText(text: string | StepText): StepText {
  return typeof text === "string" ? { title: text } : text;
}

async function compose(
  context: RunContext,
  name: string,
  variables: Readonly<Record<string, string>>,
): Promise<ComposeStack> {
  const file = join(context.definition.folder, name);
  const { signal, namespace: project } = context;
  const shown = `docker compose -f ${relative(process.cwd(), file)} up --detach --build`;
  context.command(shown, await readFile(file, "utf8"));
  const stack = await context.time("deploy", () =>
    startCompose({ file, project, variables, signal }),
  );
  context.started.push(stack);
  return stack;
}

/** What a person types to see what `ready` waits for. */
function howToWait(context: RunContext, target: string): string {
  const { kind, name, space } = parseTarget(target);
  const place = space === undefined ? "" : ` -n ${context.kube.namespaceOf(space)}`;
  if (/^(services?|svc)$/i.test(kind))
    return `kubectl get endpointslices${place} -l kubernetes.io/service-name=${name}`;
  if (/^(deployments?|deploy|statefulsets?|sts|daemonsets?|ds)$/i.test(kind))
    return `kubectl rollout status${place} ${kind}/${name}`;
  return `kubectl wait${place} --for=condition=Ready ${kind}/${name}`;
}

function separate<O extends object>(all: readonly (string | O)[]): { names: string[]; options: O } {
  const names = all.filter((one) => typeof one === "string");
  const options = all.filter((one): one is O => typeof one !== "string");
  return { names, options: Object.assign({}, ...options) as O };
}
