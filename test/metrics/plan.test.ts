import { expect, test } from 'vitest';
import { createPlanner, type PlannedQuestion } from '../../src/metrics/plan.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';

const named = <T extends { readonly name: string }>(list: readonly T[], name: string): T =>
  list.find((one) => one.name === name)!;
const revenue = named(retailMetrics.metrics, 'revenue');
const orders = named(retailMetrics.metrics, 'orders');
const store = named(retailMetrics.dimensions, 'store');
const asked: PlannedQuestion = {
  metrics: [revenue],
  dimensions: [],
  filters: [],
  limit: 20,
  ascending: false,
  extent: { first: '2024-01-01', last: '2026-06-30' },
  today: '2026-07-10',
};

test('a question that comes again has the very same plan', () => {
  const planFor = createPlanner({ definition: retailMetrics, maxRows: 1000 });
  expect(planFor({ ...asked, filters: [{ dimension: 'store', keys: [1] }] })).toBe(
    planFor({ ...asked, filters: [{ dimension: 'store', keys: [1] }] }),
  );
});

test.each<[string, Partial<PlannedQuestion>, Partial<PlannedQuestion>?]>([
  ['metric', { metrics: [orders] }],
  ['dimension', { dimensions: [store] }],
  ['filter', { filters: [{ dimension: 'store', keys: [2] }] }],
  ['grain', { grain: 'month' }],
  ['period', { period: '2025' }],
  ['first day', { startDate: '2025-01-01' }],
  ['last day', { startDate: '2025-01-01', endDate: '2025-02-01' }, { startDate: '2025-01-01' }],
  ['comparison', { compareTo: 'previous' }],
  ['number of groups', { dimensions: [store], limit: 3 }, { dimensions: [store] }],
  ['order', { dimensions: [store], ascending: true }, { dimensions: [store] }],
  ['extent of the data', { extent: { first: '2024-01-01', last: '2026-03-31' } }],
  ['day', { today: '2026-08-10', period: 'last_30_days' }, { period: 'last_30_days' }],
])('another %s has another', (_, change, usual = {}) => {
  const planFor = createPlanner({ definition: retailMetrics, maxRows: 1000 });
  const one = planFor({ ...asked, ...usual });
  const other = planFor({ ...asked, ...usual, ...change });
  expect([other.request, other.sql]).not.toEqual([one.request, one.sql]);
});

test('says that figures are lacking where the data does not reach over the period', () => {
  const planFor = createPlanner({ definition: retailMetrics, maxRows: 1000 });
  const lacks = (period: string) => planFor({ ...asked, period }).lacksData;
  expect([lacks('2025'), lacks('2023'), lacks('2026-Q2')]).toEqual([false, true, false]);
});
