import { describe, expect, test } from 'vitest';
import { salesMonths } from '../../../src/retail/sample-data/calendar.ts';
import { expectSales } from '../../../src/retail/sample-data/expectation.ts';
import { generateSampleData } from '../../../src/retail/sample-data/generate.ts';
import { defaultSampleDataOptions, type SampleDataOptions } from '../../../src/retail/sample-data/options.ts';
import { loadReferenceData } from '../../../src/retail/sample-data/reference-data.ts';
import { seasonTotal } from '../../../src/retail/sample-data/seasons.ts';
import { checkCounts, checkSeasons, checkStoreShares, checkYears } from '../../../src/retail/sample-data/statistical-checks.ts';
import type { SalesStatistics } from '../../../src/retail/sample-data/statistics.ts';
import { measureGenerated } from './measure-generated.ts';

const reference = loadReferenceData();
const whole = salesMonths('2025-12-31');

function generated(changes: Partial<SampleDataOptions>) {
  const options = { ...defaultSampleDataOptions, ...changes };
  const expectation = expectSales(reference, salesMonths(options.endDate), options.scale);
  return { options, expectation, statistics: measureGenerated(generateSampleData(reference, options)) };
}

function allChecks({ options, expectation, statistics }: ReturnType<typeof generated>) {
  return [
    checkCounts(statistics, expectation, reference),
    checkStoreShares(statistics, expectation, reference),
    checkYears(statistics, expectation, { first: '2020-01-01', last: options.endDate }),
    checkSeasons(statistics, expectation, reference),
  ];
}
const failed = (sample: ReturnType<typeof generated>) => allChecks(sample).filter((check) => !check.passed);

const full = generated({ scale: 50_000 });
const small = generated({ scale: 2000 });

describe('the expectation', () => {
  test('is the published volume of every store at full scale', () => {
    const { orders, lines, storeShares } = full.expectation;
    expect(storeShares.map(({ mean }) => Math.round(mean * orders.mean))).toEqual([
      55_269, 36_442, 26_846, 10_031, 6_623, 5_215, 3_015, 55_269,
    ]);
    expect(Math.round(orders.mean / 100)).toBe(1987);
    expect(Math.round(lines.mean / 1000)).toBe(417);
  });

  test('is the published share of every year', () => {
    expect([...full.expectation.yearShares.values()].map(({ mean }) => (100 * mean).toFixed(2))).toEqual([
      '14.05',
      '15.46',
      '17.00',
      '16.16',
      '17.77',
      '19.56',
    ]);
  });

  test('adds up: the cells to the lines, the shares to one', () => {
    const { cells, lines, storeShares, exposure } = expectSales(reference, salesMonths('2022-08-17'), 100);
    expect(cells.flat().reduce((sum, { mean }) => sum + mean, 0)).toBeCloseTo(lines.mean, 6);
    expect(storeShares.reduce((sum, { mean }) => sum + mean, 0)).toBeCloseTo(1, 9);
    expect(exposure.reduce((sum, value) => sum + value, 0)).toBeCloseTo(12, 9);
  });

  test('knows how far chance moves each number: over many seeds the deviations have a spread of one sigma', () => {
    const deviations = { orders: [] as number[], stores: [] as number[], cells: [] as number[] };
    for (let seed = 0; seed < 40; seed += 1) {
      const { expectation, statistics } = generated({ scale: 500, seed });
      const { orders = 0, order_items: lines = 0 } = statistics.rows;
      deviations.orders.push((orders - expectation.orders.mean) / expectation.orders.sd);
      for (const [store, { mean, sd }] of expectation.storeShares.entries()) {
        deviations.stores.push((statistics.ordersByStore[store]! / orders - mean) / sd);
      }
      for (const [category, months] of expectation.cells.entries()) {
        for (const [month, { mean, sd }] of months.entries()) {
          const scaled = (statistics.linesByCategoryMonth[category]![month]! * expectation.lines.mean) / lines;
          deviations.cells.push((scaled - mean) / sd);
        }
      }
    }
    const spread = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(spread(deviations.cells)).toBeCloseTo(1, 1);
    expect(spread(deviations.stores)).toBeGreaterThan(0.85);
    expect(spread(deviations.stores)).toBeLessThan(1.15);
    expect(spread(deviations.orders)).toBeGreaterThan(0.65);
    expect(spread(deviations.orders)).toBeLessThan(1.35);
  });
});

describe('the generator passes its own checks', () => {
  test('at 200, 2,000 and 50,000 customers', () => {
    expect([failed(generated({ scale: 200 })), failed(small), failed(full)]).toEqual([[], [], []]);
  });

  test('with other seeds and ranges', () => {
    for (let seed = 1; seed <= 20; seed += 1) expect(failed(generated({ seed }))).toEqual([]);
    expect(failed(generated({ endDate: '2022-08-17' }))).toEqual([]);
    expect(failed(generated({ scale: 20_000, seed: 3, endDate: '2026-05-09' }))).toEqual([]);
  });

  test('and says what it left out at a small scale or in a short range', () => {
    expect(
      allChecks(generated({ scale: 200 }))
        .map(({ detail }) => detail)
        .join(),
    ).toMatch(/not checked below 2000 customers/);
    expect(allChecks(generated({ endDate: '2020-06-30' }))[3]).toMatchObject({
      passed: true,
      detail: expect.stringMatching(/shorter than a year/),
    });
  });
});

describe('the checks find', () => {
  const check = (statistics: Partial<SalesStatistics>, sample = full) =>
    failed({ ...sample, statistics: { ...sample.statistics, ...statistics } });
  const without = (table: string, share: number) => ({
    rows: { ...full.statistics.rows, [table]: Math.round(full.statistics.rows[table]! * (1 - share)) },
  });

  test('missing rows of a table with an exact count', () => {
    expect(check({ rows: { ...full.statistics.rows, inventory: 3351, product_types: 89 } })).toMatchObject([
      { name: 'counts', detail: 'product_types: 89 rows, not 88; inventory: 3351 rows, not 3352' },
    ]);
  });

  test('orders or lines that are too few', () => {
    expect(check(without('order_items', 0.04))).toMatchObject([{ name: 'counts' }]);
    expect(check(without('order_items', 0.02))).toEqual([]);
  });

  test('a store with a share that is not its own', () => {
    const [seattle = 0, bellevue = 0, ...others] = full.statistics.ordersByStore;
    expect(check({ ordersByStore: [bellevue, seattle, ...others] })).toMatchObject([
      { name: 'store_shares', detail: expect.stringMatching(/Seattle: 18/) },
    ]);
  });

  test('a year with a share that is not its own, or none at all', () => {
    const years = new Map(full.statistics.ordersByYear);
    years.set(2025, years.get(2020)!);
    expect(check({ ordersByYear: years })).toMatchObject([
      { name: 'years', detail: expect.stringMatching(/2025: 13.95 %, expected 19.56 %/) },
    ]);
    years.delete(2025);
    expect(check({ ordersByYear: years })).toMatchObject([{ name: 'years', detail: expect.stringMatching(/2025: 0.00/) }]);
  });

  test('a date outside the range, at any scale', () => {
    expect(check({ lastOrder: '2026-01-01' }, generated({ scale: 20 }))).toMatchObject([{ name: 'years' }]);
    expect(check({ firstOrder: '2019-12-31' }, generated({ scale: 20 }))).toMatchObject([{ name: 'years' }]);
  });

  test('a database without orders', () => {
    const rows = { ...small.statistics.rows, orders: 0, order_items: 0 };
    const nothing = small.statistics.linesByCategoryMonth.map((months) => months.map(() => 0));
    const found = check(
      {
        rows,
        ordersByStore: small.statistics.ordersByStore.map(() => 0),
        ordersByYear: new Map(),
        firstOrder: null,
        lastOrder: null,
        linesByCategoryMonth: nothing,
      },
      small,
    );
    expect(found.map(({ name }) => name)).toEqual(['counts', 'store_shares', 'years', 'seasons']);
  });

  test.each([
    ['2,000', small],
    ['50,000', full],
  ])('seasons that run a quarter late, at %s customers', (_scale, sample) => {
    const late = sample.statistics.linesByCategoryMonth.map((months) => [...months.slice(9), ...months.slice(0, 9)]);
    expect(check({ linesByCategoryMonth: late }, sample)).toMatchObject([{ name: 'seasons' }]);
  });

  test('one category of nine with its seasons reversed', () => {
    const counts = full.statistics.linesByCategoryMonth;
    const reversed = counts.map((months, category) => (category === 7 ? [...months.slice(6), ...months.slice(0, 6)] : months));
    const [seasons] = check({ linesByCategoryMonth: reversed });
    expect(seasons?.detail).toMatch(
      /GARDEN & OUTDOOR: busiest month is 10, not 4; GARDEN & OUTDOOR: quietest month is (6|8), not 2 or 12/,
    );
  });

  test('months drawn uniformly, where seasons only shift the mix of categories', () => {
    const uniform = full.expectation.cells.map((months) =>
      months.map(({ mean }, month) => Math.round((mean * 139.8) / 12 / (seasonTotal(reference.categories, month) / 10))),
    );
    expect(whole).toHaveLength(72);
    expect(check({ linesByCategoryMonth: uniform })).toMatchObject([
      { name: 'seasons', detail: expect.stringMatching(/correlation/) },
    ]);
  });
});
