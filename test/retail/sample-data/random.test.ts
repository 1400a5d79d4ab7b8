import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandomStream, createWeightedDraw, quotient } from '../../../src/retail/sample-data/random.ts';

/** sfc32 as published, in arbitrary-precision integers; seeded from splitmix64 in the way the stream documents. */
function* sfc32OfSplitmix64(state: bigint): Generator<number> {
  const m64 = (1n << 64n) - 1n;
  const m32 = 0xffffffffn;
  const word = () => {
    state = (state + 0x9e3779b97f4a7c15n) & m64;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & m64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & m64;
    return z ^ (z >> 31n);
  };
  const [first, second] = [word(), word()];
  let [a, b, c, counter] = [first >> 32n, first & m32, second >> 32n, second & m32];
  for (let round = 0; ; round += 1) {
    const drawn = (a + b + counter) & m32;
    counter = (counter + 1n) & m32;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & m32;
    c = ((((c << 21n) | (c >> 11n)) & m32) + drawn) & m32;
    if (round >= 12) yield Number(drawn);
  }
}

function fnv1a64(text: string): bigint {
  return [...Buffer.from(text)].reduce(
    (hash, byte) => ((hash ^ BigInt(byte)) * 0x100000001b3n) & ((1n << 64n) - 1n),
    0xcbf29ce484222325n,
  );
}

describe('a random stream', () => {
  test('is sfc32, bit for bit', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string(), (seed, label) => {
        const stream = createRandomStream(seed, label);
        const reference = sfc32OfSplitmix64(BigInt(seed) ^ fnv1a64(label));
        for (let draw = 0; draw < 20; draw += 1) expect(stream.next()).toBe(reference.next().value);
      }),
      { numRuns: 50 },
    );
  });

  test('repeats for the same seed and label and differs for another of either', () => {
    const draws = (seed: number, label: string) => Array.from({ length: 4 }, createRandomStream(seed, label).next).join();
    expect(draws(1, 'a')).toBe(draws(1, 'a'));
    expect(new Set([draws(1, 'a'), draws(2, 'a'), draws(1, 'b'), draws(1 + 2 ** 32, 'a')]).size).toBe(4);
  });

  test('stays below its bound and reaches every value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (bound, seed) => {
        const drawn = createRandomStream(seed, 'bound').below(bound);
        return Number.isInteger(drawn) && drawn >= 0 && drawn < bound;
      }),
    );
    const stream = createRandomStream(7, 'dice');
    expect(new Set(Array.from({ length: 200 }, () => stream.between(1, 6)))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  });

  test('draws again past the last whole multiple of the bound, so that no value is favoured', () => {
    // Of the bound 3 × 2^30 a quarter of all draws lies past it; folded back they would double the first third's share.
    const stream = createRandomStream(7, 'bias');
    const low = Array.from({ length: 4000 }, () => stream.below(3 * 2 ** 30)).filter((drawn) => drawn < 2 ** 30).length;
    expect(low / 4000).toBeGreaterThan(0.3);
    expect(low / 4000).toBeLessThan(0.37);
  });
});

describe('a weighted draw', () => {
  test('follows its weights and never draws a weight of zero', () => {
    const draw = createWeightedDraw([70, 0, 30]);
    const stream = createRandomStream(3, 'weights');
    const counts = [0, 0, 0];
    for (let turn = 0; turn < 10_000; turn += 1) counts[draw(stream)]! += 1;
    expect(counts[1]).toBe(0);
    expect(Math.abs(counts[0]! - 7000)).toBeLessThan(190);
  });

  test.each([[[]], [[0]], [[1.5]], [[-1, 2]], [[2 ** 32, 1]]])('refuses the weights %j', (weights) => {
    expect(() => createWeightedDraw(weights)).toThrow(RangeError);
  });
});

test('a quotient is exact where a rounded division is not', () => {
  expect(quotient(9_007_199_254_740_991, 2)).toBe(4_503_599_627_370_495);
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 31 }), (dividend, divisor) => {
      expect(BigInt(quotient(dividend, divisor))).toBe(BigInt(dividend) / BigInt(divisor));
    }),
  );
});
