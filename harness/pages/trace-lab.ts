import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseSync, type Program } from "oxc-parser";
import { LabError } from "../errors/lab-error.ts";
import type { LabDefinition } from "../lab/definition.ts";
import { isLoadDescription, load, type LoadOptions } from "../lab/load.ts";
import { from, isRequestDescription, outside, type RequestDescription } from "../lab/request.ts";
import type { Text } from "../report/text.ts";
import type { Action, Check, ValueOf } from "./actions.ts";
import { Interpreter } from "./interpreter.ts";
import { Scope, Unknown } from "./scope.ts";

/** What each step of a lab does, in order, read from the lab's file; nothing is run. */
export async function traceLab(definition: LabDefinition): Promise<readonly (readonly Action[])[]> {
  const file = join(definition.folder, "lab.ts");
  const source = await readFile(file, "utf8");
  const { program, errors } = parseSync(file, source, { lang: "ts", sourceType: "module" });
  if (errors[0]) throw new LabError("LAB_INVALID", `${file}: ${errors[0].message}`);
  const recorder = new Recorder(new Interpreter(source), definition);
  const scope = new Scope();
  await declareImports(program, dirname(file), scope);
  for (const name of ["Promise", "Object", "JSON", "String", "Number", "Math", "Array"] as const)
    scope.declare(name, globalThis[name]);
  scope.declare("undefined", undefined);
  scope.declare("lab", recorder.lab);
  const statements = program.body.filter((node) => !/^(Import|Export|TS)/.test(node.type));
  recorder.interpreter.run(statements, scope);
  if (recorder.steps.length !== definition.steps.length)
    throw new LabError("LAB_INVALID", `${file}: its steps cannot be read from its text`, {
      facts: { expected: definition.steps.length, received: recorder.steps.length },
    });
  return recorder.steps;
}

/** What the lab's file imports from its own folder and from Node is really loaded. */
async function declareImports(program: Program, folder: string, scope: Scope): Promise<void> {
  for (const node of program.body) {
    if (node.type !== "ImportDeclaration" || node.importKind === "type") continue;
    const source = node.source.value;
    if (source.endsWith("harness/index.ts")) continue;
    const url = source.startsWith(".") ? pathToFileURL(join(folder, source)).href : source;
    const module = (await import(url)) as Record<string, unknown>;
    for (const specifier of node.specifiers) {
      if (specifier.type === "ImportSpecifier" && specifier.imported.type === "Identifier")
        scope.declare(specifier.local.name, module[specifier.imported.name]);
      else if (specifier.type === "ImportDefaultSpecifier")
        scope.declare(specifier.local.name, module["default"]);
      else scope.declare(specifier.local.name, module);
    }
  }
}

type Run = () => unknown;

/** The tools of a lab that note what they are asked for. */
class Recorder {
  readonly interpreter: Interpreter;
  readonly steps: Action[][] = [];
  readonly #definition: LabDefinition;
  #actions: Action[] = [];

  constructor(interpreter: Interpreter, definition: LabDefinition) {
    this.interpreter = interpreter;
    this.#definition = definition;
  }

  /** Stands for `lab(name, options, define)`. */
  get lab() {
    return this.#open((_name: unknown, _options: unknown, define: unknown) => {
      (define as (tools: object) => void)(this.#tools());
    });
  }

  #tools(): object {
    const { name, options } = this.#definition;
    const open = this.#open.bind(this);
    const tools = {
      step: open((_text: unknown, run: unknown) => {
        this.steps.push(this.#within(run as Run));
      }),
      sabotage: open(() => undefined),
      apply: open((...all: readonly unknown[]) => this.#place("apply", all)),
      remove: open((...all: readonly unknown[]) => this.#place("remove", all)),
      ready: open((...all: readonly unknown[]) => {
        this.#note({
          type: "ready",
          targets: all.filter((one) => typeof one !== "object").map(String),
        });
      }),
      from: open((vantage: unknown) =>
        Object.fromEntries(
          Object.entries(from(vantage as string)).map(([method, describe]) => [
            method,
            open(describe as (...args: readonly unknown[]) => unknown),
          ]),
        ),
      ),
      outside,
      load: open((requests: unknown, settings: unknown) => {
        const { during } = load(requests as RequestDescription, settings as LoadOptions);
        return { during: open((action: unknown) => during(action as () => Promise<void>)) };
      }),
      expect: open((value: unknown, what: unknown) => this.#expect(value, what)),
      ask: open((request: unknown) => {
        this.#note({ type: "ask", request: withText(request as RequestDescription) });
        return new Unknown("answer");
      }),
      eventually: open((check: unknown) => (check as Run)()),
      kube: this.#kube(),
      namespace: `kubelab-${name}`,
      namespaceOf: open((space: unknown) => `kubelab-${name}-${String(space)}`),
      vars: { ...options.vars },
      compose: open((file: unknown) => {
        this.#note({ type: "compose", file: String(file) });
        return new Unknown("compose");
      }),
    };
    return new Proxy(tools, {
      get: (known, tool) => {
        if (tool in known) return known[tool as keyof typeof known];
        throw new LabError("LAB_INVALID", `pages have no words for the tool ${String(tool)}`);
      },
    });
  }

  #expect(value: unknown, what: unknown): object {
    if (isRequestDescription(value)) return this.#matchers(withText(value));
    if (!isLoadDescription(value)) return this.#matchers(valueOf(value, what));
    const described = { ...value, requests: withText(value.requests) };
    this.#note({ type: "load", load: described, during: this.#within(value.action) });
    return this.#matchers(described);
  }

  #matchers(of: Check["of"], not = false): object {
    return new Proxy(
      {},
      {
        get: (_, matcher) => {
          if (matcher === "not") return this.#matchers(of, !not);
          return this.#open((...args: readonly unknown[]) => {
            this.#note({ type: "check", of, matcher: String(matcher), not, args });
            return new Unknown("verdict");
          });
        },
      },
    );
  }

  #kube(): object {
    return this.#verbs("", {
      namespace: `kubelab-${this.#definition.name}`,
      api: this.#verbs("api.", {}),
    });
  }

  /** Every other name is a verb whose calls are noted. */
  #verbs(prefix: string, known: Readonly<Record<string, unknown>>): object {
    return new Proxy(known, {
      get: (_, name) => {
        const verb = prefix + String(name);
        if (verb in known) return known[verb];
        return this.#open((...args: readonly unknown[]) => {
          this.#note({ type: "kube", verb, args });
          return new Unknown(`kube.${verb}`);
        });
      },
    });
  }

  #place(type: "apply" | "remove", all: readonly unknown[]): void {
    const names = all.filter((one) => typeof one === "string");
    const options = all.find((one) => typeof one === "object") as { space?: string } | undefined;
    this.#note({ type, names, ...(options?.space === undefined ? {} : { space: options.space }) });
  }

  #note(action: Action): void {
    this.#actions.push(action);
  }

  #within(run: Run): Action[] {
    const outer = this.#actions;
    const inner: Action[] = [];
    this.#actions = inner;
    run();
    this.#actions = outer;
    return inner;
  }

  #open<F extends (...args: readonly unknown[]) => unknown>(fn: F): F {
    return this.interpreter.open(fn);
  }
}

/** The description with its URL as text, whatever of it only a run knows. */
function withText(request: RequestDescription): RequestDescription {
  const url: unknown = request.url;
  return { ...request, url: url instanceof Unknown ? url.toString() : request.url };
}

function valueOf(value: unknown, what: unknown): ValueOf {
  if (what !== undefined) return { type: "value", name: what as Text };
  return { type: "value", name: value instanceof Unknown ? value.source : String(value) };
}
