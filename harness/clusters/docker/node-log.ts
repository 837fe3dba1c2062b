/** The last lines that a node wrote, for the report of a failure. */
export class NodeLog {
  readonly #lines: string[] = [];
  readonly #kept: number;

  constructor(kept = 200) {
    this.#kept = kept;
  }

  /** Whether the server has ended. */
  hasEnded = false;

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.#kept) this.#lines.shift();
  }

  lines(): readonly string[] {
    return [...this.#lines];
  }

  lastLines(count: number): string {
    return this.#lines.slice(-count).join("\n");
  }
}
