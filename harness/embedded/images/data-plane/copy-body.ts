import type { Readable, Writable } from "node:stream";

/**
 * Copies a body with backpressure and leaves the end to the caller, who may have trailers to add.
 * Resolves once all was handed over; rejects where the source broke off, so that nobody takes half a
 * body for a whole one. Resolves early where the target went away: its owner knows already.
 */
export function copyBody(
  from: Readable,
  to: Writable,
  onBytes: (count: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const onData = (chunk: Buffer): void => {
      onBytes(chunk.length);
      if (to.writable && !to.write(chunk)) from.pause();
    };
    const onDrain = (): void => void from.resume();
    const onEnd = (): void => {
      ended = true;
      settle();
    };
    const onBreak = (): void => settle(new Error("the body ended before it was complete"));
    const settle = (error?: Error): void => {
      from.off("data", onData).off("end", onEnd).off("error", settle).off("close", onBreak);
      to.off("drain", onDrain).off("close", onTargetGone);
      if (error && !ended) reject(error);
      else resolve();
    };
    const onTargetGone = (): void => settle();
    if (from.readableEnded) return resolve();
    if (from.destroyed) return onBreak();
    from.on("end", onEnd).on("error", settle).on("close", onBreak);
    to.on("drain", onDrain).on("close", onTargetGone);
    from.on("data", onData);
  });
}
