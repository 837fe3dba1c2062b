/**
 * Calls `create` `count` times in batches of 1, 2, 4 ... and gives up after the first batch with a failure, so that a
 * fault every pod would meet (a quota, a webhook) is met once and not `count` times.
 */
export async function slowStart(
  count: number,
  create: () => Promise<void>,
): Promise<{ readonly created: number; readonly error?: unknown }> {
  let created = 0;
  for (let batch = 1; created < count; batch *= 2) {
    const size = Math.min(batch, count - created);
    const results = await Promise.allSettled(Array.from({ length: size }, create));
    const failed = results.filter((result) => result.status === "rejected");
    created += size - failed.length;
    if (failed[0]) return { created, error: failed[0].reason };
  }
  return { created };
}
