/** Kubernetes: what failed is tried again after ten seconds and up to half as much again. */
export const retryMs = 10_000;
const jitter = 0.5;

/** This long, or up to half as much longer, so that not everything is looked at in the same moment. */
export function withJitter(ms: number): number {
  return ms * (1 + Math.random() * jitter);
}
