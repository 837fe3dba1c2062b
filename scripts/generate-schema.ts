import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

// Writes the field names and types of the kinds that the embedded API server serves, taken from
// @kubernetes/client-node's models. With --check it writes nothing and fails where the file is stale.

const roots = [
  "V1ConfigMap",
  "V1Endpoints",
  "CoreV1Event",
  "EventsV1Event",
  "V1Namespace",
  "V1Node",
  "V1Pod",
  "V1Secret",
  "V1ServiceAccount",
  "V1Service",
  "V1ControllerRevision",
  "V1DaemonSet",
  "V1Deployment",
  "V1ReplicaSet",
  "V1StatefulSet",
  "V1Job",
  "V1Lease",
  "V1EndpointSlice",
  "V1Ingress",
  "V1IngressClass",
  "V1Role",
  "V1RoleBinding",
  "V1ClusterRole",
  "V1ClusterRoleBinding",
  "V1MutatingWebhookConfiguration",
  "V1CustomResourceDefinition",
  "V1Scale",
  "V1Eviction",
  "V1DeleteOptions",
  "V1SelfSubjectAccessReview",
  "V1SubjectAccessReview",
  "V1SelfSubjectRulesReview",
  "V1SelfSubjectReview",
  "V1TokenReview",
  "AuthenticationV1TokenRequest",
];

/** Fields that hold quantities, which the models call strings. */
const quantities = new Set([
  "ResourceRequirements.limits",
  "ResourceRequirements.requests",
  "VolumeResourceRequirements.limits",
  "VolumeResourceRequirements.requests",
  "EmptyDirVolumeSource.sizeLimit",
  "ResourceFieldSelector.divisor",
  "PodSpec.overhead",
  "NodeStatus.capacity",
  "NodeStatus.allocatable",
  "ContainerStatus.allocatedResources",
  "PodStatus.allocatedResources",
]);

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

interface Model {
  readonly getAttributeTypeMap: () => readonly Attribute[];
}

const models = new URL("../node_modules/@kubernetes/client-node/dist/gen/models/", import.meta.url);
const target = new URL(
  "../harness/embedded/apiserver/schema/kubernetes-types.generated.json",
  import.meta.url,
);

/** "V1Pod" is Pod; "CoreV1Event" and "EventsV1Event" are CoreEvent and EventsEvent. */
function typeName(model: string): string {
  return model.replace(/V\d+((alpha|beta)\d+)?/, "");
}

const isModel = /^[A-Z][A-Za-z]*?V\d|^V\d/;

async function collect(): Promise<Record<string, Record<string, string>>> {
  const types: Record<string, Record<string, string>> = {};
  const waiting = [...roots];
  for (let model = waiting.pop(); model !== undefined; model = waiting.pop()) {
    const name = typeName(model);
    if (types[name]) continue;
    types[name] = {};
    const { attributes, required } = await readModel(model);
    for (const attribute of attributes) {
      const { type, refers } = fieldType(name, attribute);
      types[name][attribute.baseName] = required.has(attribute.baseName) ? `${type}!` : type;
      if (refers) waiting.push(refers);
    }
  }
  return types;
}

async function readModel(
  model: string,
): Promise<{ attributes: readonly Attribute[]; required: ReadonlySet<string> }> {
  const loaded = (await import(new URL(`${model}.js`, models).href)) as Record<string, Model>;
  const attributes = loaded[model]?.getAttributeTypeMap() ?? [];
  const declaration = await readFile(new URL(`${model}.d.ts`, models), "utf8");
  const fields = [...declaration.matchAll(/^ {4}'([^']+)': /gm)];
  return { attributes, required: new Set(fields.map(([, field = ""]) => field)) };
}

function fieldType(owner: string, attribute: Attribute): { type: string; refers?: string } {
  const { type, format, baseName } = attribute;
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  const wrap = (inner: string): string => (list ? `[${inner}]` : map ? `{${inner}}` : inner);
  const inner = list ?? map ?? type;
  if (quantities.has(`${owner}.${baseName}`)) return { type: wrap("quantity") };
  const nested = /^Array<(.+)>$/.exec(inner)?.[1];
  if (nested) return { type: wrap(`[${scalar(nested, format)}]`) };
  if (inner === "V1MicroTime") return { type: wrap("microtime") };
  if (isModel.test(inner)) return { type: wrap(typeName(inner)), refers: inner };
  return { type: wrap(scalar(inner, format)) };
}

function scalar(type: string, format: string): string {
  if (type === "Date") return "time";
  if (type === "IntOrString") return "int-or-string";
  if (type === "number") return format === "" ? "int64" : format;
  return format === "byte" ? "bytes" : type;
}

function toText(types: Record<string, Record<string, string>>): string {
  const sorted = Object.fromEntries(Object.entries(types).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(sorted, undefined, 2)}\n`;
}

const text = toText(await collect());
const path = fileURLToPath(target);
if (process.argv.includes("--check")) {
  const present = await readFile(path, "utf8").catch(() => "");
  if (present !== text) {
    process.stderr.write(
      `${pathToFileURL(path).pathname} is stale: run scripts/generate-schema.ts\n`,
    );
    process.exitCode = 1;
  }
} else await writeFile(path, text);
