/** The largest share of wrong answers that 0 wrong of n leaves possible at this error rate. */
export function zeroOfBound(requests: number, error: number): number {
  return requests === 0 ? 1 : 1 - error ** (1 / requests);
}

/** How many answers, none of them wrong, show that the share of wrong ones is below `bound`. */
export function requestsForBound(bound: number, error: number): number {
  return Math.ceil(Math.log(error) / Math.log1p(-bound));
}

/** A range of shares, both ends included. */
export interface ShareInterval {
  readonly low: number;
  readonly high: number;
}

/** What an interval is computed from. */
export interface IntervalOptions {
  readonly hits: number;
  readonly misses: number;
  /** Where the share is expected: the interval is narrowest there, and valid anywhere. */
  readonly expected: number;
  /** The probability that the interval ever, at any n, leaves the true share out. */
  readonly error: number;
}

/** How many requests' worth of belief the prior holds; fixed beforehand, as validity demands. */
const PRIOR_WEIGHT = 40;

/**
 * Robbins' beta-binomial mixture confidence sequence (Ann. Math. Stat. 41:1397): it may be looked
 * at after every request, and is wrong at any time with at most the stated probability.
 */
export function robbinsInterval(options: IntervalOptions): ShareInterval {
  const { hits, misses, expected, error } = options;
  const a = Math.max(0.5, PRIOR_WEIGHT * expected);
  const b = Math.max(0.5, PRIOR_WEIGHT * (1 - expected));
  const constant = logBeta(a + hits, b + misses) - logBeta(a, b) + Math.log(error);
  const excess = (share: number): number =>
    constant -
    (hits === 0 ? 0 : hits * Math.log(share)) -
    (misses === 0 ? 0 : misses * Math.log1p(-share));
  const n = hits + misses;
  if (n === 0) return { low: 0, high: 1 };
  const middle = hits / n;
  return {
    low: hits === 0 ? 0 : boundary(excess, 0, middle),
    high: misses === 0 ? 1 : boundary(excess, 1, middle),
  };
}

/** The point between `outside`, where excess is positive, and `inside`, where it is not. */
function boundary(excess: (share: number) => number, outside: number, inside: number): number {
  let out = outside;
  let within = inside;
  for (let step = 0; step < 60; step++) {
    const middle = (out + within) / 2;
    if (excess(middle) >= 0) out = middle;
    else within = middle;
  }
  return out;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series after shifting the argument above 10: 14 digits there. */
function logGamma(x: number): number {
  let shift = 0;
  let value = x;
  for (; value < 10; value++) shift += Math.log(value);
  const inverse = 1 / value;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (value - 0.5) * Math.log(value) - value + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
