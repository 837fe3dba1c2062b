import { gatewayTypes } from "./gateway-types.ts";
import { istioTypes } from "./istio-types.ts";
import kubernetesTypes from "./kubernetes-types.generated.json" with { type: "json" };
import { atomicMaps, atomicTypes, listMerges, retainKeysFields } from "./merge-keys.ts";
import type { ListMerge, ObjectNode, Scalar, SchemaNode } from "./schema-node.ts";

/** Types by name; each field's type in the notation `T`, `[T]`, `{T}`, with `!` where it is required. */
export type TypeTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

const scalars: ReadonlySet<string> = new Set<Scalar>([
  "string",
  "boolean",
  "int32",
  "int64",
  "double",
  "bytes",
  "time",
  "microtime",
  "quantity",
  "int-or-string",
  "any",
]);

const tables: TypeTable = { ...kubernetesTypes, ...istioTypes, ...gatewayTypes };
const nodes = new Map<string, ObjectNode>();

/** The schema of a type: "Pod", "istio.VirtualService". Compiled when first asked for. */
export function schemaOf(name: string): ObjectNode {
  const known = nodes.get(name);
  if (known) return known;
  const table = tables[name];
  if (!table) throw new Error(`schema: no type ${name}`);
  const fields = new Map<string, SchemaNode>();
  const required = new Set<string>();
  const node: ObjectNode = {
    form: "object",
    name,
    atomic: atomicTypes.has(name),
    retainKeys: false,
    custom: name.includes("."),
    fields,
    required,
  };
  // Types refer to each other in circles, so the node is known before its fields.
  nodes.set(name, node);
  for (const [field, notation] of Object.entries(table)) {
    if (notation.endsWith("!")) required.add(field);
    fields.set(field, parse(notation.replace(/!$/, ""), `${name}.${field}`));
  }
  return node;
}

/** Whether there is such a type. */
export function hasSchema(name: string): boolean {
  return tables[name] !== undefined;
}

function parse(notation: string, place: string): SchemaNode {
  if (notation.startsWith("[")) {
    const item = parse(notation.slice(1, -1), "");
    return { form: "list", item, merge: { ...atomicList, ...listMerges[place] } };
  }
  if (notation.startsWith("{")) {
    const value = parse(notation.slice(1, -1), "");
    return { form: "map", value, atomic: atomicMaps.has(place) };
  }
  if (scalars.has(notation)) return { form: "scalar", scalar: notation as Scalar };
  const node = schemaOf(notation);
  return retainKeysFields.has(place) ? { ...node, retainKeys: true } : node;
}

const atomicList: ListMerge = {
  type: "atomic",
  keys: [],
  patchKey: undefined,
  retainKeys: false,
};
