/** P(X = hits) for n draws of this share, for all hits. */
export function binomial(n: number, share: number): Float64Array {
  const law = new Float64Array(n + 1);
  const mode = Math.min(n, Math.floor((n + 1) * share));
  law[mode] = 1;
  // Outwards from the mode, so that nothing under- or overflows; scaled to 1 at the end.
  const odds = share / (1 - share);
  for (let k = mode; k < n; k++) law[k + 1] = ((law[k] ?? 0) * (n - k) * odds) / (k + 1);
  for (let k = mode; k > 0; k--) law[k - 1] = ((law[k] ?? 0) * k) / ((n - k + 1) * odds);
  const sum = law.reduce((total, p) => total + p, 0);
  return law.map((p) => p / sum);
}

/** P(low <= X <= high). */
export function within(law: Float64Array, low: number, high: number): number {
  let sum = 0;
  for (let k = Math.max(0, low); k <= Math.min(high, law.length - 1); k++) sum += law[k] ?? 0;
  return sum;
}
