import { badRequest } from "../errors/api-errors.ts";
import { labelValueProblems, qualifiedNameProblems } from "../validation/names.ts";

type Labels = Readonly<Record<string, string>> | undefined;
type Requirement = (labels: Labels) => boolean;

interface Token {
  readonly kind: "word" | "sign" | "end";
  readonly text: string;
}

const operators = ["in", "notin", "=", "==", "!=", "gt", "lt"];

/** A compiled label selector in kubectl's notation: `a=b,c!=d,e in (f,g),h,!i,j>3`; throws 400 as Kubernetes words it. */
export function parseLabelSelector(selector: string): (labels: Labels) => boolean {
  const requirements = new SelectorParser(selector).parse();
  return (labels) => requirements.every((holds) => holds(labels));
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
class SelectorParser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(selector: string) {
    const found = selector.matchAll(/(?<sign>==|!=|[=!(),<>])|[^\s=!(),<>]+/g);
    this.#tokens = [...found].map(({ 0: text, groups }) => ({
      kind: groups?.sign === undefined ? "word" : "sign",
      text,
    }));
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#next.kind !== "end") {
      if (!this.#startsRequirement()) {
        throw expected(this.#next, "!, identifier, or 'end of string'");
      }
      requirements.push(this.#requirement());
      const separator = this.#take();
      if (separator.kind === "end") break;
      if (separator.text !== ",") throw expected(separator, "',' or 'end of string'");
      if (!this.#startsRequirement()) throw expected(this.#next, "identifier after ','");
    }
    return requirements;
  }

  get #next(): Token {
    return this.#tokens[this.#position] ?? { kind: "end", text: "" };
  }

  #take(): Token {
    const token = this.#next;
    this.#position++;
    return token;
  }

  #startsRequirement(): boolean {
    return this.#next.kind === "word" || this.#next.text === "!";
  }

  #requirement(): Requirement {
    const isNegated = this.#next.text === "!";
    if (isNegated) this.#take();
    const key = this.#take();
    if (key.kind !== "word") throw unparsable(expected(key, "identifier").message);
    checkKey(key.text);
    const ends = this.#next.kind === "end" || this.#next.text === ",";
    if (ends) return (labels) => (labels?.[key.text] === undefined) === isNegated;
    const operator = this.#take();
    const { text } = operator;
    if (text === "in" || text === "notin") return oneOf(key.text, text === "in", this.#values());
    if (!["=", "==", "!=", ">", "<"].includes(text)) {
      throw unparsable(expected(operator, operators.join(", ")).message);
    }
    return compared(key.text, text, this.#value());
  }

  #value(): string {
    if (this.#next.kind === "end" || this.#next.text === ",") return "";
    const value = this.#take();
    if (value.kind !== "word") throw unparsable(expected(value, "identifier").message);
    return value.text;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.text !== "(") throw unparsable(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const { kind, text } = this.#next;
      if (kind === "word") this.#take();
      values.push(kind === "word" ? text : "");
      const after = this.#take();
      if (after.text === ")") return values;
      if (after.text === ",") continue;
      const wanted = kind === "word" ? "',' or ')'" : "',', ')' or identifier";
      throw unparsable(expected(after, wanted).message);
    }
  }
}

function oneOf(key: string, inside: boolean, listed: readonly string[]): Requirement {
  const values = [...new Set(listed)].toSorted();
  for (const [index, value] of values.entries()) checkValue(key, value, index);
  return (labels) => {
    const value = labels?.[key];
    return value === undefined ? !inside : values.includes(value) === inside;
  };
}

function compared(key: string, operator: string, wanted: string): Requirement {
  if (operator === ">" || operator === "<") return ordered(key, operator, wanted);
  checkValue(key, wanted, 0);
  if (operator === "!=") return (labels) => labels?.[key] !== wanted;
  return (labels) => labels?.[key] === wanted;
}

function ordered(key: string, operator: string, wanted: string): Requirement {
  if (!isWhole(wanted)) {
    const why = "for 'Gt', 'Lt' operators, the value must be an integer";
    throw unparsable(`values[0]: Invalid value: ${JSON.stringify(wanted)}: ${why}`);
  }
  const limit = Number(wanted);
  return (labels) => {
    const value = labels?.[key];
    if (value === undefined || !isWhole(value)) return false;
    return operator === ">" ? Number(value) > limit : Number(value) < limit;
  };
}

function isWhole(text: string): boolean {
  return /^[-+]?\d+$/.test(text);
}

function checkKey(key: string): void {
  const problems = qualifiedNameProblems(key);
  if (problems.length > 0) throw invalid("<nil>", key, problems);
}

function checkValue(key: string, value: string, index: number): void {
  const problems = labelValueProblems(value);
  if (problems.length > 0) throw invalid(`values[${index}][${key}]`, value, problems);
}

function invalid(field: string, value: string, problems: readonly string[]): Error {
  return unparsable(`${field}: Invalid value: ${JSON.stringify(value)}: ${problems.join("; ")}`);
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function expected(found: Token, wanted: string): Error {
  return badRequest(`found '${found.text}', expected: ${wanted}`);
}
