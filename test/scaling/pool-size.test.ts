import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connectionsFor, nextPoolSize } from '../../src/scaling/pool-size.ts';
import { createPoolSizer } from '../../src/scaling/pool-sizer.ts';

const loads = fc.double({ min: 0, max: 1, noNaN: true });
const wide = { min: 2, max: 20 };

describe('what a load is worth', () => {
  test.each([
    [0, 2],
    [0.15, 3],
    [0.3, 4],
    [0.5, 8],
    [0.7, 12],
    [0.85, 16],
    [1, 20],
    [7, 20],
    [-1, 2],
    [Number.NaN, 2],
  ])('%d: %d connections', (load, connections) => {
    expect(connectionsFor(load)).toBeCloseTo(connections, 10);
  });

  test('more load is never worth fewer, and nowhere does it jump', () => {
    fc.assert(
      fc.property(loads, loads, (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(connectionsFor(more)).toBeGreaterThanOrEqual(connectionsFor(less));
        expect(connectionsFor(more) - connectionsFor(less)).toBeLessThanOrEqual((more - less) * 27 + 1e-9);
      }),
    );
  });
});

describe('the next size', () => {
  test.each([
    [1, 2, 6],
    [1, 18, 20],
    [0, 20, 18],
    [0, 4, 2],
    // A change of one is not worth it.
    [0, 3, 3],
    [1, 19, 19],
    [0.5, 8, 8],
  ])('at load %d with %d is %d', (load, current, next) => {
    expect(nextPoolSize(load, current, wide)).toBe(next);
  });

  test('goes at most four up and two down, stays within the bounds, and rises with the load', () => {
    const bounds = fc.tuple(fc.integer({ min: 1, max: 10 }), fc.nat(30)).map(([min, more]) => ({ min, max: min + more }));
    fc.assert(
      fc.property(loads, loads, bounds, fc.nat(40), (a, b, within, start) => {
        const current = Math.min(within.max, Math.max(within.min, start));
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((load) => nextPoolSize(load, current, within));
        expect(more).toBeGreaterThanOrEqual(less as number);
        for (const next of [less, more] as number[]) {
          expect(next - current).toBeLessThanOrEqual(4);
          expect(current - next).toBeLessThanOrEqual(2);
          expect(next).toBeGreaterThanOrEqual(within.min);
          expect(next).toBeLessThanOrEqual(within.max);
          expect(Math.abs(next - current) === 1 && next !== within.max && next !== within.min).toBe(false);
        }
      }),
    );
  });

  test('a size outside the bounds comes back at once', () => {
    expect(nextPoolSize(0.5, 40, { min: 2, max: 10 })).toBe(10);
    expect(nextPoolSize(0.5, 0, { min: 2, max: 10 })).toBe(2);
  });
});

describe('a sizer', () => {
  function sizer(load: { now: number; waiting: number }, bounds = wide) {
    const sizes: number[] = [];
    const pool = { waiting: () => load.waiting, resize: (connections: number) => void sizes.push(connections) };
    return { ...createPoolSizer({ pool, load: () => load.now, bounds }), sizes };
  }

  test('begins at the most and comes down with the load', () => {
    const { step, sizes } = sizer({ now: 0.1, waiting: 0 }, { min: 2, max: 8 });
    for (let round = 0; round < 4; round += 1) step();
    expect(sizes).toEqual([6, 4, 4, 4]);
  });

  test('load that rises from 0.2 to 0.9 has its connections within two minutes of steps', () => {
    const load = { now: 0.2, waiting: 0 };
    const { step, size } = sizer(load);
    for (let round = 0; round < 12; round += 1) step();
    expect(size()).toBeLessThanOrEqual(4);
    load.now = 0.9;
    for (let halfMinute = 0; halfMinute < 4; halfMinute += 1) step();
    expect(size()).toBeGreaterThanOrEqual(16);
  });

  test('calls that wait get more every second, and nothing happens where none waits or there are no more', () => {
    const load = { now: 0, waiting: 0 };
    const { step, watch, size, sizes } = sizer(load);
    for (let round = 0; round < 12; round += 1) step();
    const before = sizes.length;
    watch();
    expect(sizes).toHaveLength(before);
    load.waiting = 1;
    for (let second = 0; second < 5; second += 1) watch();
    expect(size()).toBeGreaterThanOrEqual(19);
    const most = sizer(load);
    most.watch();
    expect(most.sizes).toEqual([]);
  });
});
