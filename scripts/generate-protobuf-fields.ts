import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

// Writes the protobuf field numbers of the types that the embedded API server reads: newer kubectl sends
// what it creates as protobuf. Needs git clones of kubernetes/api and kubernetes/apimachinery:
//   node scripts/generate-protobuf-fields.ts API APIMACHINERY [--check]

const [api, apimachinery] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
if (!api || !apimachinery)
  throw new Error("usage: generate-protobuf-fields.ts API APIMACHINERY [--check]");

/** Each file, and what its types are called here where another file has one of the same name. */
const sources: readonly (readonly [string, string, string])[] = [
  [apimachinery, "pkg/apis/meta/v1/generated.proto", ""],
  [api, "core/v1/generated.proto", "Core"],
  [api, "apps/v1/generated.proto", ""],
  [api, "batch/v1/generated.proto", ""],
  [api, "networking/v1/generated.proto", ""],
  [api, "rbac/v1/generated.proto", "Rbac"],
  [api, "discovery/v1/generated.proto", "Discovery"],
  [api, "events/v1/generated.proto", "Events"],
  [api, "coordination/v1/generated.proto", ""],
  [api, "admissionregistration/v1/generated.proto", "Admissionregistration"],
  [api, "authentication/v1/generated.proto", "Authentication"],
  [api, "authorization/v1/generated.proto", ""],
  [api, "policy/v1/generated.proto", ""],
];

const schemaUrl = new URL(
  "../harness/embedded/apiserver/schema/kubernetes-types.generated.json",
  import.meta.url,
);
const target = new URL(
  "../harness/embedded/apiserver/schema/protobuf-fields.generated.json",
  import.meta.url,
);

/** Messages whose fields JSON has directly in the object around them. */
const inlined = new Set([
  "EphemeralContainerCommon",
  "IngressRuleValue",
  "LocalObjectReference",
  "ProbeHandler",
  "Rule",
  "VolumeSource",
]);

type Fields = Record<string, string>;

const schema = JSON.parse(await readFile(schemaUrl, "utf8")) as Record<string, Fields>;
const found: Record<string, Fields> = {};

/** Messages of one file: numbers to `name`, or to `+Type` where JSON has the message's fields in its place. */
function readMessages(text: string, prefix: string): void {
  for (const [, message = "", body = ""] of text.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const name = schema[`${prefix}${message}`] ? `${prefix}${message}` : message;
    if (found[name]) continue;
    const fields: Fields = {};
    for (const [, type = "", field = "", number = ""] of body.matchAll(
      /^ {2}(?:optional |repeated )?(map<[^>]+>|[\w.]+) (\w+) = (\d+);/gm,
    )) {
      const jsonName = field.charAt(0).toLowerCase() + field.slice(1);
      const simple = type.split(".").at(-1) ?? "";
      if (!schema[name] || schema[name][jsonName] !== undefined) fields[number] = jsonName;
      else if (inlined.has(simple)) fields[number] = `+${simple}`;
    }
    found[name] = fields;
  }
}

for (const [repository, path, prefix] of sources) {
  const git = ["-C", repository, "show", `HEAD:${path}`];
  readMessages(execFileSync("git", git, { encoding: "utf8", maxBuffer: 1e8 }), prefix);
}

/** Only what can be reached from the kinds that are served. */
function select(): Record<string, Fields> {
  const wanted = new Set(Object.keys(schema));
  for (const name of wanted) {
    for (const field of Object.values(found[name] ?? {})) {
      if (field.startsWith("+")) wanted.add(field.slice(1));
    }
  }
  const entries = Object.entries(found).filter(([name]) => wanted.has(name));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const text = `${JSON.stringify(select(), undefined, 2)}\n`;
if (process.argv.includes("--check")) {
  const present = await readFile(target, "utf8").catch(() => "");
  if (present !== text) {
    process.stderr.write(`${fileURLToPath(target)} is stale\n`);
    process.exitCode = 1;
  }
} else await writeFile(target, text);
