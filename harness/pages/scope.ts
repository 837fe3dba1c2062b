/** A value that only a run can know, with the words of the lab's file that stand for it. */
export class Unknown {
  readonly source: string;

  constructor(source: string) {
    this.source = source.replace(/\s+/g, " ").replace(/[?!](?=[.[;)])/g, "");
  }

  /** As a placeholder in a command: `<pod>`. */
  toString(): string {
    const words = this.source.replace(/^await /, "");
    return `<${words.replace(/^metadata\.(?=name$)/, "").replace(/\.(metadata\.)?name$/, "")}>`;
  }
}

/** The names that a place in the file can see. */
export class Scope {
  readonly #values = new Map<string, unknown>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  declare(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  assign(name: string, value: unknown): void {
    if (this.#values.has(name) || !this.#outer) this.#values.set(name, value);
    else this.#outer.assign(name, value);
  }

  /** The value; a name that nobody declared is unknown. */
  read(name: string): unknown {
    if (this.#values.has(name)) return this.#values.get(name);
    return this.#outer ? this.#outer.read(name) : new Unknown(name);
  }
}
