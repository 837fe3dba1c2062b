import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabDefinition, SabotageDefinition, StepText } from "../lab/definition.ts";
import { inLanguage, type Language, type Text } from "../report/text.ts";
import { type Action, checksIn } from "./actions.ts";
import { commandsFor, type Place } from "./commands.ts";
import { readSelectors } from "./selectors.ts";
import { traceLab } from "./trace-lab.ts";
import { describeCheck } from "./words.ts";
import { type PageWords, pageWords } from "./page-words.ts";

/** A lab's chapter, as Markdown, written from the lab's own file and manifests. */
export async function labPage(definition: LabDefinition, language: Language): Promise<string> {
  const page = new LabPage(definition, language, await readSelectors(definition));
  const traced = await traceLab(definition);
  const steps: string[] = [];
  for (const [index, step] of definition.steps.entries())
    steps.push(await page.step(index + 1, step, traced[index] ?? []));
  return [page.head(), ...steps, page.tail()].join("\n\n").concat("\n");
}

class LabPage {
  readonly #definition: LabDefinition;
  readonly #language: Language;
  readonly #words: PageWords;
  readonly #place: Place;
  readonly #shown = new Set<string>();
  #address = "";
  /** Whether the page has said what angle brackets mean. */
  #explained = false;
  readonly #composed: string[] = [];

  constructor(
    definition: LabDefinition,
    language: Language,
    selectors: ReadonlyMap<string, string>,
  ) {
    this.#definition = definition;
    this.#language = language;
    this.#words = pageWords[language];
    this.#place = {
      namespace: `kubelab-${definition.name}`,
      manifests: `labs/${definition.name}/manifests`,
      selectorOf: (target) => selectors.get(target.replace(/^[^/]*:/, "").toLowerCase()),
    };
  }

  head(): string {
    const { name, options } = this.#definition;
    const words = this.#words;
    const needs = options.requires?.length ? [words.requires(options.requires)] : [];
    return [
      words.generated(name),
      `# ${name}`,
      `${this.#text(options.shows)}\n\n${words.origin(options.tutorial)} ${words.otherLanguage(name)}`,
      `## ${words.willSee}`,
      ...(options.before ? [this.#text(options.before)] : []),
      `${words.runIt}\n\n${shell([`npm run lab ${name}`])}`,
      `## ${words.begin}`,
      words.cluster,
      shell(["npm run cluster up"]),
      words.otherCluster,
      ...needs,
      ...this.#addons(),
      words.namespace,
      shell(this.#namespaces()),
    ].join("\n\n");
  }

  #addons(): readonly string[] {
    const { addons = [] } = this.#definition.options;
    return addons.flatMap((addon) => [
      this.#words.addon(addon),
      shell([`npm run cluster -- install ${addon}`]),
    ]);
  }

  #namespaces(): readonly string[] {
    const { namespace } = this.#place;
    const labels = Object.entries(this.#definition.options.namespaceLabels ?? {});
    const all = this.#allNamespaces();
    return [
      ...all.map((one) => `kubectl create namespace ${one}`),
      ...labels.map(([key, value]) => `kubectl label namespace ${all.join(" ")} ${key}=${value}`),
      `kubectl config set-context --current --namespace=${namespace}`,
    ];
  }

  #allNamespaces(): readonly string[] {
    const { namespace } = this.#place;
    const { spaces = [] } = this.#definition.options;
    return [namespace, ...spaces.map((space) => `${namespace}-${space}`)];
  }

  /** One step: why, what to type, the manifests, what to look at, what the lab checks. */
  async step(number: number, step: StepText, actions: readonly Action[]): Promise<string> {
    const words = this.#words;
    const parts = [`## ${words.step(number, this.#text(step.title))}`];
    if (step.why) parts.push(this.#text(step.why));
    parts.push(...(await this.#doing(actions)));
    if (step.look) parts.push(words.look(this.#text(step.look)));
    const lines = [
      ...new Set(checksIn(actions).map((check) => describeCheck(check, this.#language))),
    ];
    if (lines.length > 0)
      parts.push(`${words.checks}\n\n${lines.map((line) => `- ${line}`).join("\n")}`);
    return parts.join("\n\n");
  }

  async #doing(actions: readonly Action[]): Promise<readonly string[]> {
    const parts: string[] = [];
    const manifests: string[] = [];
    let pending: string[] = [];
    const flush = () => {
      if (pending.length > 0) parts.push(shell(withoutRepeats(pending, this.#words)));
      pending = [];
    };
    for (const action of actions) {
      if (action.type === "apply") manifests.push(...(await this.#manifests(action.names)));
      const commands = await commandsFor(action, this.#place);
      if (action.type === "compose") this.#composed.push(...commands);
      if (action.type === "load") {
        flush();
        parts.push(this.#words.keepAsking, shell(this.#once(commands)), this.#words.meanwhile);
        parts.push(...(await this.#doing(action.during)));
        continue;
      }
      const endless = commands.filter((command) => command.endsWith(" --watch"));
      if (endless.length > 0) {
        flush();
        parts.push(this.#words.secondTerminal, shell(endless));
        continue;
      }
      // What was typed just now need not be typed again for the next thing that is looked at.
      pending.push(
        ...this.#once(commands).filter(
          (command) => isChange(command) || !pending.includes(command),
        ),
      );
    }
    const asksOutside = pending.some((command) => command.startsWith("ADDRESS="));
    flush();
    const unknown = !this.#explained && parts.some((part) => /^kubectl .*<\w[^>]*>/m.test(part));
    this.#explained ||= unknown;
    return [
      ...parts,
      ...(asksOutside ? [this.#words.address] : []),
      ...(unknown ? [this.#words.placeholder] : []),
      ...manifests,
    ];
  }

  /** The commands without an address that the terminal still has. */
  #once(commands: readonly string[]): readonly string[] {
    return commands.filter((command) => {
      if (!command.startsWith("ADDRESS=")) return true;
      const same = command === this.#address;
      this.#address = command;
      return !same;
    });
  }

  async #manifests(names: readonly string[]): Promise<readonly string[]> {
    const parts: string[] = [];
    for (const name of names) {
      if (this.#shown.has(name)) continue;
      this.#shown.add(name);
      const text = await readFile(join(this.#definition.folder, "manifests", name), "utf8");
      const link = `../${this.#language === "en" ? "" : "../"}../${this.#place.manifests}/${name}`;
      const block = `\`\`\`yaml\n${text.trimEnd()}\n\`\`\``;
      parts.push(
        text.split("\n").length <= longestShown
          ? `[\`${name}\`](${link})\n\n${block}`
          : `<details>\n<summary><code>${name}</code></summary>\n\n${block}\n\n</details>`,
      );
    }
    return parts;
  }

  tail(): string {
    const { name, options, sabotages } = this.#definition;
    const words = this.#words;
    return [
      ...(options.after ? [`## ${words.happened}`, this.#text(options.after)] : []),
      `## ${words.cleanUp}`,
      shell([
        ...this.#composed.map((command) => command.replace(/ up .*/, " down")),
        `kubectl delete namespace ${this.#allNamespaces().join(" ")}`,
        "kubectl config set-context --current --namespace=default",
        "npm run cluster down",
      ]),
      ...(sabotages.length > 0
        ? [
            `## ${words.breakIt}`,
            words.whyBreak,
            shell([`npm run sabotage ${name}`]),
            sabotages.map((sabotage) => this.#sabotage(sabotage)).join("\n"),
          ]
        : []),
    ].join("\n\n");
  }

  #sabotage(sabotage: SabotageDefinition): string {
    const step = this.#definition.steps.find(
      ({ title }) => inLanguage(title, "en") === sabotage.fails,
    );
    const title = step ? this.#text(step.title) : sabotage.fails;
    return `- ${this.#words.sabotage(this.#text(sabotage.title), sabotage, title)}`;
  }

  #text(text: Text): string {
    return inLanguage(text, this.#language);
  }
}

const longestShown = 40;

const likeEnough = 4;

/** A long row of requests that differ in one word is told by its beginning. */
function withoutRepeats(commands: readonly string[], words: PageWords): readonly string[] {
  const kept: string[] = [];
  let skipped = 0;
  const say = () => {
    if (skipped > 0) kept.push(words.moreLike(skipped));
    skipped = 0;
  };
  commands.forEach((command, index) => {
    const row = commands.slice(Math.max(0, index - likeEnough), index);
    const shape = (text: string) => text.replace(/\d+/g, "#");
    const like = row.length === likeEnough && row.every((one) => shape(one) === shape(command));
    if (like && / ask |curl /.test(command)) skipped += 1;
    else {
      say();
      kept.push(command);
    }
  });
  say();
  return kept;
}

function isChange(command: string): boolean {
  return !/^kubectl( -n \S+)? (get|logs|events) /.test(command);
}

function shell(commands: readonly string[]): string {
  return `\`\`\`sh\n${commands.join("\n")}\n\`\`\``;
}
