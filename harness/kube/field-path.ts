/** One step into an object: a field's name or a list's index. */
export type PathPart = string | number;

/** Reads a field path as people write it: `spec.http[0].weight`, `metadata.labels["app.kubernetes.io/name"]`. */
export function parsePath(path: string): readonly PathPart[] {
  const parts: PathPart[] = [];
  const pattern = /\[(\d+)\]|\["([^"]*)"\]|\.?([^.[\]]+)/gy;
  let end = 0;
  for (let match = pattern.exec(path); match; match = pattern.exec(path)) {
    const [, index, quoted, name] = match;
    parts.push(index === undefined ? (quoted ?? name ?? "") : Number(index));
    end = pattern.lastIndex;
  }
  if (end !== path.length || parts.length === 0)
    throw new Error(`"${path}" is not a field path: stopped at "${path.slice(end)}"`);
  return parts;
}

/** The value at a path, `undefined` where there is none. */
export function valueAt(root: unknown, parts: readonly PathPart[]): unknown {
  return parts.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null
        ? (value as Record<PathPart, unknown>)[part]
        : undefined,
    root,
  );
}
