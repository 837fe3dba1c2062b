import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type ScalarTag,
} from "yaml";
import { LabError } from "../errors/lab-error.ts";
import { parsePath, type PathPart } from "./field-path.ts";
import type { KubeObject } from "./object.ts";

/** One object of a manifest file, with where each of its fields stands. */
export interface ManifestDocument {
  readonly file: string;
  /** The file's name without folders, as messages say it. */
  readonly name: string;
  readonly object: KubeObject;
  /** The line, from 1, of the field at `path`, or of the nearest field above it. */
  lineOf(path: string): number;
}

/** Reads a manifest file's objects. Bad YAML or an object without kind or name is LAB_MANIFEST_INVALID. */
export async function readManifest(file: string): Promise<readonly ManifestDocument[]> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new LabError("LAB_MANIFEST_INVALID", `${file}: the manifest cannot be read`, {
      cause: error,
      facts: { file, expected: "a YAML file", received: "no such file" },
    });
  });
  return parseManifest(text, file);
}

/** Reads the objects of a manifest's text; `file` is used in messages. */
export function parseManifest(text: string, file: string): readonly ManifestDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    merge: true,
    customTags: (tags) => [octal, legacyBoolean, ...tags],
  });
  if (!Array.isArray(documents)) return [];
  const found: ManifestDocument[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error) {
      const line = error.linePos?.[0].line ?? 1;
      const reason = error.message.split(" at line ")[0]?.split("\n")[0] ?? error.code;
      throw invalid(file, line, `the YAML cannot be read: ${reason}`, "YAML", error.code);
    }
    const object: unknown = document.toJS();
    if (object === null || object === undefined) continue;
    const start = lines.linePos(document.contents?.range?.[0] ?? 0).line;
    found.push(toDocument(document, object, file, start, lines));
  }
  return found;
}

/** The error for a manifest that is wrong at one line. */
export function invalid(
  file: string,
  line: number,
  message: string,
  expected: string,
  received: string,
  cause?: unknown,
): LabError {
  return new LabError(
    "LAB_MANIFEST_INVALID",
    `${file}:${line}: ${message} (expected ${expected}, received ${received})`,
    { facts: { file, line, expected, received }, ...(cause === undefined ? {} : { cause }) },
  );
}

// kubectl reads YAML 1.1 in these two respects: `defaultMode: 0644` is octal and `on` is true.
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};
const legacyBoolean: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF)$/,
  resolve: (text) => /^(?:yes|on)$/i.test(text),
};

function toDocument(
  document: Document.Parsed,
  object: unknown,
  file: string,
  start: number,
  lines: LineCounter,
): ManifestDocument {
  if (typeof object !== "object" || Array.isArray(object))
    throw invalid(file, start, "not a Kubernetes object", "an object", describe(object));
  const candidate = object as KubeObject;
  for (const field of ["apiVersion", "kind"] as const)
    if (typeof candidate[field] !== "string")
      throw invalid(
        file,
        start,
        `${field} is missing`,
        `${field}: text`,
        describe(candidate[field]),
      );
  if (candidate.kind?.endsWith("List") && Array.isArray(candidate["items"]))
    throw invalid(file, start, "a List holds objects", "one document an object", candidate.kind);
  if (typeof candidate.metadata?.name !== "string")
    throw invalid(
      file,
      start,
      `this ${candidate.kind} has no name`,
      "metadata.name: text",
      describe(candidate.metadata?.name),
    );
  return {
    file,
    name: basename(file),
    object: candidate,
    lineOf: (path) => {
      const node = deepest(document, parsePath(path));
      return node === undefined ? start : lines.linePos(node).line;
    },
  };
}

/** The offset of the deepest field on the path that the document has. */
function deepest(document: Document.Parsed, parts: readonly PathPart[]): number | undefined {
  let offset: number | undefined;
  let node: Node | null | undefined = document.contents;
  for (const part of parts) {
    if (isAlias(node)) node = node.resolve(document);
    const next: Place | undefined = stepInto(node, part);
    if (!next) break;
    offset = next.at ?? offset;
    node = next.value;
  }
  return offset;
}

interface Place {
  readonly at: number | undefined;
  readonly value: Node | null | undefined;
}

function stepInto(node: Node | null | undefined, part: PathPart): Place | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
    if (!isPair(pair)) return undefined;
    return { at: (pair.key as Node).range?.[0], value: pair.value as Node | null };
  }
  if (isSeq(node) && typeof part === "number") {
    const value = node.items[part] as Node | undefined;
    return value ? { at: value.range?.[0], value } : undefined;
  }
  // Go names fields without indexes, `spec.ports.port`: the first element that has one is meant.
  if (isSeq(node))
    return node.items
      .map((item) => stepInto(item as Node, part))
      .find((found) => found !== undefined);
  return undefined;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `${typeof value} ${JSON.stringify(value)}`;
}
