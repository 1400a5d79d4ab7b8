/**
 * A stream of pseudo-random integers: sfc32 (Chris Doty-Humphrey, PractRand), seeded by splitmix64 (Steele, Lea, Flood 2014).
 * Integer arithmetic only, so every platform draws the same numbers.
 */
export interface RandomStream {
  /** Uniform in 0..2^32-1. */
  next(): number;
  /** Uniform in 0..bound-1; `bound` in 1..2^32. */
  below(bound: number): number;
  /** Uniform in low..high, both included. */
  between(low: number, high: number): number;
}

const TWO_32 = 2 ** 32;
const MASK_64 = (1n << 64n) - 1n;

/** Streams of different labels are independent: a column added later never shifts the values of the others. */
export function createRandomStream(seed: number, label: string): RandomStream {
  const word = splitmix64((BigInt(seed) ^ fnv1a64(label)) & MASK_64);
  const first = word();
  const second = word();
  let a = Number(first >> 32n) | 0;
  let b = Number(first & 0xffffffffn) | 0;
  let c = Number(second >> 32n) | 0;
  let counter = Number(second & 0xffffffffn) | 0;
  const next = (): number => {
    const drawn = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();

  const below = (bound: number): number => {
    // Numbers past the last whole multiple of `bound` would favour small values: they are drawn again.
    const limit = TWO_32 - (TWO_32 % bound);
    let drawn = next();
    while (drawn >= limit) drawn = next();
    return drawn % bound;
  };
  return { next, below, between: (low, high) => low + below(high - low + 1) };
}

/** Draws an index of `weights` with the probability weight / total. Weights are non-negative integers, their total at most 2^32. */
export function createWeightedDraw(weights: readonly number[]): (stream: RandomStream) => number {
  let total = 0;
  const cumulative = weights.map((weight) => {
    total += weight;
    return total;
  });
  if (total < 1 || total > TWO_32 || weights.some((weight) => !Number.isSafeInteger(weight) || weight < 0)) {
    throw new RangeError(`weights must be non-negative integers with a total of 1..2^32, not ${weights.join(', ')}`);
  }
  return (stream) => {
    const drawn = stream.below(total);
    return cumulative.findIndex((bound) => drawn < bound);
  };
}

/** floor(dividend / divisor) of non-negative integers, exact up to 2^53. */
export function quotient(dividend: number, divisor: number): number {
  return (dividend - (dividend % divisor)) / divisor;
}

function splitmix64(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK_64;
    let mixed = state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK_64;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & MASK_64;
    return mixed ^ (mixed >> 31n);
  };
}

function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK_64;
  return hash;
}
