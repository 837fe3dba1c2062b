import { LabError } from "../errors/lab-error.ts";
import { parsePath, type PathPart, valueAt } from "../kube/field-path.ts";
import type { KubeObject } from "../kube/object.ts";
import type { SabotageOptions } from "./definition.ts";

/** Changes the objects of a manifest as a sabotage says. A change that finds nothing to change is an error. */
export function sabotageObjects(
  objects: readonly KubeObject[],
  sabotage: SabotageOptions,
): readonly KubeObject[] {
  if (sabotage.leaveOut)
    return sabotage.object ? objects.filter((o) => nameOf(o) !== sabotage.object) : [];
  const fields = touchedFields(sabotage);
  const chosen = chooseObject(objects, sabotage, fields);
  return objects.map((object) => (object === chosen ? changeObject(object, sabotage) : object));
}

function touchedFields(sabotage: SabotageOptions): readonly string[] {
  return [
    ...Object.keys(sabotage.change ?? {}),
    ...(sabotage.swap ?? []),
    ...(sabotage.remove === undefined ? [] : [sabotage.remove]),
  ];
}

function chooseObject(
  objects: readonly KubeObject[],
  { object: wanted, in: file }: SabotageOptions,
  fields: readonly string[],
): KubeObject {
  const named =
    wanted === undefined ? objects : objects.filter((object) => nameOf(object) === wanted);
  const fitting = named.filter((object) =>
    fields.every((field) => valueAt(object, parsePath(field)) !== undefined),
  );
  const [first, second] = fitting;
  if (first && !second) return first;
  const what = fields.length > 0 ? fields.join(", ") : "the change";
  throw new LabError(
    "LAB_SABOTAGE_INVALID",
    first
      ? `${file}: ${fitting.map(nameOf).join(" and ")} all have ${what}: say which with object`
      : `${file}: no object${wanted === undefined ? "" : ` ${wanted}`} has ${what}; it holds ${objects.map(nameOf).join(", ")}`,
    { facts: { file, fields, object: wanted } },
  );
}

function changeObject(object: KubeObject, sabotage: SabotageOptions): KubeObject {
  const copy = structuredClone(object);
  for (const [field, value] of Object.entries({ ...sabotage.change, ...sabotage.add }))
    setField(copy, parsePath(field), value);
  if (sabotage.swap) {
    const [one, other] = sabotage.swap.map((field) => parsePath(field)) as [PathPart[], PathPart[]];
    const [first, second] = [valueAt(object, one), valueAt(object, other)];
    setField(copy, one, second);
    setField(copy, other, first);
  }
  if (sabotage.remove !== undefined) removeField(copy, parsePath(sabotage.remove));
  return copy;
}

function setField(root: unknown, path: readonly PathPart[], value: unknown): void {
  let holder = root as Record<PathPart, unknown>;
  for (const [index, part] of path.slice(0, -1).entries()) {
    holder[part] ??= typeof path[index + 1] === "number" ? [] : {};
    holder = holder[part] as Record<PathPart, unknown>;
  }
  holder[path.at(-1) ?? ""] = value;
}

function removeField(root: unknown, path: readonly PathPart[]): void {
  const holder = valueAt(root, path.slice(0, -1)) as Record<PathPart, unknown> | unknown[];
  const last = path.at(-1) ?? "";
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
}

function nameOf(object: KubeObject): string {
  return `${object.kind}/${object.metadata?.name}`;
}
