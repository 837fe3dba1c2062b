/** Indexes as "0,2-5". */
export function formatIndexes(indexes: readonly number[]): string {
  const parts: string[] = [];
  let first: number | undefined;
  const sorted = [...new Set(indexes)].toSorted((one, other) => one - other);
  for (const [at, index] of sorted.entries()) {
    first ??= index;
    if (sorted[at + 1] === index + 1) continue;
    parts.push(first === index ? `${index}` : `${first}-${index}`);
    first = undefined;
  }
  return parts.join(",");
}

/** The indexes that `formatIndexes` wrote. */
export function parseIndexes(text: string | undefined): number[] {
  if (!text) return [];
  return text.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}
