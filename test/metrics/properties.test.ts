import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { comparedPeriod, comparisons, grains } from '../../src/metrics/period.ts';
import type { MetricsQuestion } from '../../src/metrics/request.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { type OpenMetrics, openMetrics } from '../support/metrics.ts';
import { byHand, dimensionsByHand, metricsByHand, metricsOfStores, productDimensions } from './by-hand.ts';

/** Dates at which months are whole, and dates at which they are not. */
const days = [
  '2023-12-15',
  '2024-01-01',
  '2024-02-29',
  '2024-03-31',
  '2024-05-31',
  '2024-06-10',
  '2024-12-31',
  '2025-01-01',
  '2025-02-28',
  '2025-07-04',
  '2025-09-30',
  '2025-12-31',
  '2026-01-10',
];

const scopes = [
  { role: 'store_manager', stores: [2] },
  { role: 'regional_manager', stores: [1, 2, 6, 7] },
  { role: 'super_admin', stores: [1, 2, 3, 4, 5, 6, 7, 8] },
] as const;

const filterValues = {
  store: fc.constantFrom(['Zava Retail Bellevue']),
  region: fc.constant(['Puget Sound']),
  is_online: fc.boolean(),
  category: fc.subarray(['HAND TOOLS', 'HARDWARE', 'PLUMBING'], { minLength: 1 }),
  type: fc.subarray(['HAMMERS', 'HAND TOOLS', 'SCREWS', 'FAUCETS'], { minLength: 1 }),
  product: fc.subarray(['HTHM001600', 'PLFCT002', 'HWHK000029'], { minLength: 1 }),
};

const questions = fc
  .record({
    scope: fc.constantFrom(...scopes),
    metrics: fc.subarray(metricsByHand, { minLength: 1, maxLength: 4 }),
    dimensions: fc.shuffledSubarray(dimensionsByHand, { maxLength: 3 }),
    filters: fc.record(filterValues, { requiredKeys: [] }),
    grain: fc.option(fc.constantFrom(...grains), { nil: undefined, freq: 2 }),
    dates: fc.tuple(fc.constantFrom(...days), fc.constantFrom(...days)).map((pair) => pair.sort()),
    compareTo: fc.option(fc.constantFrom(...comparisons), { nil: undefined, freq: 2 }),
  })
  .filter(({ filters, dates: [first = '', last = ''], grain }) => {
    const narrow = Object.keys(filters).length <= 2;
    return narrow && (grain !== 'day' || Date.parse(last) - Date.parse(first) < 100 * 86_400_000);
  });

onEveryDatabase('Any question about metrics', (tier) => {
  let db: TestDatabase;
  let metrics: OpenMetrics;
  beforeAll(async () => {
    db = await tier.open();
    await db.owner.script(
      "INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount) SELECT 700001, min(customer_id), 2, '2024-06-05', 0 FROM retail.customers",
    );
    metrics = await openMetrics(db, { maxRows: 20_000, maxBytes: 5_000_000 });
  });
  afterAll(() => db.close());

  test('has the answer that plain SQL on the base tables gives', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(questions, async ({ scope, dates: [startDate = '', endDate = ''], compareTo, ...asked }) => {
        const hasProducts = [...asked.dimensions, ...Object.keys(asked.filters)].some((name) => productDimensions.includes(name));
        const possible = asked.metrics.filter((name) => !(hasProducts && metricsOfStores.includes(name)));
        fc.pre(possible.length > 0);
        const question: MetricsQuestion = {
          ...asked,
          metrics: possible,
          startDate,
          endDate,
          compareTo,
          limit: 1000,
          ascending: false,
        };
        const principal = await principalFor(db.database, scope.role, scope.stores);
        const answer = await metrics.getMetrics(question, {
          principal: { ...principal, permissions: new Set(['sales:read', 'costs:read']) },
        });
        expect(answer.truncated).toBe(false);
        const found = rowsByGroup(answer.rowsJson, question);
        const compared = compareTo && comparedPeriod(answer.period, compareTo, question.grain);
        for (const [index, metric] of possible.entries()) {
          const now = await byHand(db, scope.stores, metric, { ...question, period: answer.period });
          const moved =
            compared && ('days' in compared.shift ? `+ ${compared.shift.days}` : `+ interval '${compared.shift.months} months'`);
          const before = compared && (await byHand(db, scope.stores, metric, { ...question, period: compared, moved }));
          for (const group of new Set([...now.keys(), ...(before?.keys() ?? [])]))
            expect(found.has(group), `${metric} of ${group}`).toBe(true);
          for (const [group, cells] of found) {
            const values = compared === undefined ? [cells[index]] : cells.slice(4 * index, 4 * index + 2);
            const wanted = [now, ...(before ? [before] : [])].map((answers) => answers.get(group) ?? nothing(metric));
            expect(values, `${metric} of ${group}`).toEqual(wanted);
            if (compared !== undefined) expect(cells.slice(4 * index + 2, 4 * index + 4)).toEqual(changes(wanted));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** What a metric is where nobody bought anything: told by its definition. */
function nothing(name: string): string | null {
  const { expression, decimals } = retailMetrics.metrics.find((metric) => metric.name === name)!;
  return expression.includes('/') ? null : (0).toFixed(decimals);
}

/** Absolute and percent, in whole numbers throughout, since decimals of JavaScript are none. */
function changes([now = null, before = null]: readonly (string | null)[]): (string | null)[] {
  if (now === null || before === null) return [null, null];
  const digits = now.split('.')[1]?.length ?? 0;
  const [a, b] = [now, before].map((value) => BigInt(value.replace('.', ''))) as [bigint, bigint];
  const size = b < 0n ? -b : b;
  const change = a - b;
  const sign = change < 0n ? -1n : 1n;
  const hundredths = size === 0n ? undefined : sign * ((2n * 10_000n * sign * change + size) / (2n * size));
  return [decimal(change, digits), hundredths === undefined ? null : decimal(hundredths, 2)];
}

function decimal(value: bigint, digits: number): string {
  const padded = String(value < 0n ? -value : value).padStart(digits + 1, '0');
  const text = digits === 0 ? padded : `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
  return value < 0n ? `-${text}` : text;
}

/** Figures by labels and time, as text. Number cells are read as they stand. */
function rowsByGroup(rowsJson: string, { dimensions, grain }: MetricsQuestion): Map<string, (string | null)[]> {
  const rows = JSON.parse(rowsJson.replace(/(?<=[[,])-?\d+(?:\.\d+)?(?=[,\]])/g, '"$&"')) as (string | boolean | null)[][];
  const groups = new Map<string, (string | null)[]>();
  for (const row of rows) {
    const labels = dimensions.map((name) => (name === 'product' ? row.splice(0, 2).join('') : spoken(row.shift() ?? null)));
    const time = grain === undefined ? [] : [String(row.shift())];
    groups.set([...labels, ...time, ''].join('|'), row as (string | null)[]);
  }
  expect(groups.size).toBe(rows.length);
  return groups;
}

const spoken = (label: string | boolean | null) => (typeof label === 'boolean' ? (label ? 't' : 'f') : String(label));
