/** A reply before it is put on the wire; strings and keys carry bytes as latin1. */
export type Reply =
  | { readonly kind: "status"; readonly text: string }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "bulk"; readonly value: string | undefined }
  | { readonly kind: "array"; readonly items: readonly Reply[] };

/** A reply in RESP2. */
export function encode(reply: Reply): string {
  const { kind } = reply;
  if (kind === "status") return `+${reply.text}\r\n`;
  if (kind === "error") return `-${reply.text}\r\n`;
  if (kind === "integer") return `:${reply.value}\r\n`;
  if (kind === "array") return `*${reply.items.length}\r\n${reply.items.map(encode).join("")}`;
  return reply.value === undefined ? "$-1\r\n" : `$${reply.value.length}\r\n${reply.value}\r\n`;
}

/** What a client must not send; redis answers the message and closes the connection. */
export class ProtocolError extends Error {}

/** Cuts what arrives into commands, whether RESP arrays or inline, however the bytes are split. */
export class CommandReader {
  #received = "";

  /** The commands that are complete with this; throws ProtocolError once it reaches what is none. */
  *read(bytes: string): Generator<readonly string[]> {
    this.#received += bytes;
    for (;;) {
      const end = this.#received.indexOf("\n");
      if (end < 0) return;
      const command = this.#received.startsWith("*") ? this.#readArray() : this.#readInline(end);
      if (!command) return;
      if (command.length > 0) yield command;
    }
  }

  #readInline(end: number): readonly string[] {
    const line = this.#received.slice(0, end).replace(/\r$/, "");
    this.#received = this.#received.slice(end + 1);
    return splitWords(line);
  }

  /** The array's strings; undefined while some are still on their way. */
  #readArray(): readonly string[] | undefined {
    let at = 0;
    const readCount = (what: string): number | undefined => {
      const end = this.#received.indexOf("\r\n", at);
      if (end < 0) return undefined;
      const digits = this.#received.slice(at + 1, end);
      at = end + 2;
      if (!/^-?\d+$/.test(digits) || Number(digits) > 512 * 1024 * 1024)
        throw new ProtocolError(`invalid ${what} length`);
      return Number(digits);
    };
    const count = readCount("multibulk");
    if (count === undefined) return undefined;
    const words: string[] = [];
    while (words.length < count) {
      const sign = this.#received[at];
      if (sign === undefined) return undefined;
      if (sign !== "$") throw new ProtocolError(`expected '$', got '${sign}'`);
      const length = readCount("bulk");
      if (length === undefined) return undefined;
      if (length < 0) throw new ProtocolError("invalid bulk length");
      if (this.#received.length < at + length + 2) return undefined;
      words.push(this.#received.slice(at, at + length));
      at += length + 2;
    }
    this.#received = this.#received.slice(at);
    return words;
  }
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

/** The words of an inline command: bare, 'single' or "double" quoted with escapes. */
function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  const word = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']\S*))(?=\s|$)/y;
  while (line.slice(word.lastIndex).trim() !== "") {
    const match = word.exec(line);
    if (!match) throw new ProtocolError("unbalanced quotes in request");
    const [, double, single, bare] = match;
    words.push(
      double?.replaceAll(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (_all, hex?: string, char?: string) =>
        hex === undefined
          ? (escapes[char ?? ""] ?? char ?? "")
          : String.fromCharCode(Number.parseInt(hex, 16)),
      ) ??
        single?.replaceAll("\\'", "'") ??
        bare ??
        "",
    );
  }
  return words;
}
