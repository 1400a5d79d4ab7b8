import { at } from './columns.ts';
import { type Expected, lineClustering, type SalesExpectation } from './expectation.ts';
import { type Category, type ReferenceData, referenceCounts } from './reference-data.ts';
import type { SalesStatistics } from './statistics.ts';

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Below this many customers, chance hides every distribution. */
const SMALL_SCALE = 2_000;
/** From here on single months of single categories can be told apart. */
const LARGE_SCALE = 20_000;
const SIGMAS = 4;
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const notChecked = (name: string): CheckResult => ({
  name,
  passed: true,
  detail: `not checked below ${SMALL_SCALE} customers`,
});

/** Rows of every table; orders and lines within 3 % (10 % below 10,000 customers) or 4 sigma of the expectation. */
export function checkCounts({ rows }: SalesStatistics, expectation: SalesExpectation, reference: ReferenceData): CheckResult {
  const { types, ...named } = referenceCounts;
  const exact: Record<string, number> = {
    ...named,
    product_types: types,
    inventory: reference.stores.length * reference.products.length,
    customers: expectation.customers,
  };
  const findings = Object.entries(exact)
    .filter(([table, count]) => rows[table] !== count)
    .map(([table, count]) => `${table}: ${rows[table]} rows, not ${count}`);
  const tolerance = expectation.customers >= 10_000 ? 0.03 : 0.1;
  for (const [table, { mean, sd }] of [
    ['orders', expectation.orders],
    ['order_items', expectation.lines],
  ] as const) {
    const found = at(rows, table);
    if (Math.abs(found - mean) > Math.max(tolerance * mean, SIGMAS * sd)) {
      findings.push(`${table}: ${found} rows, expected about ${Math.round(mean)}`);
    }
  }
  const { customers, orders, order_items: lines } = rows;
  return conclude('counts', findings, `${customers} customers, ${orders} orders, ${lines} lines`);
}

export function checkStoreShares(
  statistics: SalesStatistics,
  expectation: SalesExpectation,
  reference: ReferenceData,
): CheckResult {
  if (expectation.customers < SMALL_SCALE) return notChecked('store_shares');
  const shares = reference.stores.map((store, index) => ({
    name: store.name,
    found: at(statistics.ordersByStore, index) / (statistics.rows.orders || 1),
    expected: at(expectation.storeShares, index),
  }));
  return checkShares('store_shares', shares, expectation.customers);
}

/** Always: no order outside the range. From 2,000 customers on: the years' shares. */
export function checkYears(
  statistics: SalesStatistics,
  expectation: SalesExpectation,
  range: { first: string; last: string },
): CheckResult {
  const { firstOrder, lastOrder } = statistics;
  if (firstOrder !== null && lastOrder !== null && (firstOrder < range.first || lastOrder > range.last)) {
    return conclude('years', [`orders from ${firstOrder} to ${lastOrder} leave the range ${range.first}..${range.last}`], '');
  }
  if (expectation.customers < SMALL_SCALE) {
    return {
      name: 'years',
      passed: true,
      detail: `all within ${range.first}..${range.last}; shares ${notChecked('years').detail}`,
    };
  }
  const shares = [...expectation.yearShares].map(([year, expected]) => ({
    name: String(year),
    found: (statistics.ordersByYear.get(year) ?? 0) / (statistics.rows.orders || 1),
    expected,
  }));
  return checkShares('years', shares, expectation.customers);
}

/**
 * From 2,000 customers on: lines by category and month correlate with the seasons' factors as much as this scale lets them.
 * From 20,000 on also: each category's busiest and quietest month are its factors', give or take a month or a statistical tie.
 */
export function checkSeasons(statistics: SalesStatistics, expectation: SalesExpectation, reference: ReferenceData): CheckResult {
  if (expectation.customers < SMALL_SCALE) return notChecked('seasons');
  if (expectation.exposure.some((exposure) => exposure === 0)) {
    return { name: 'seasons', passed: true, detail: 'not applicable: the range is shorter than a year' };
  }
  const counts = statistics.linesByCategoryMonth;
  const adjusted = counts.map((months) => months.map((count, month) => count / at(expectation.exposure, month)));
  const factors = reference.categories.map(({ seasonTenths }) => seasonTenths);
  const found = correlation(factors.flat(), adjusted.flat());
  const bound = correlationBound(factors, expectation);
  const findings =
    found >= bound ? [] : [`correlation with the seasons is ${found.toFixed(3)}, at least ${bound.toFixed(3)} is expected`];
  if (expectation.customers >= LARGE_SCALE) {
    for (const [index, category] of reference.categories.entries()) {
      findings.push(...misplacedExtremes(category, at(adjusted, index), expectation.exposure));
    }
  }
  return conclude('seasons', findings, `correlation ${found.toFixed(3)}, lower bound ${bound.toFixed(3)}`);
}

/**
 * Lower 4-sigma bound of the correlation. Counting noise widens the observed spread (attenuation, Spearman 1904); the bound's own
 * sigma follows from the cells' by the delta method, to second order in the noise.
 */
export function correlationBound(factors: readonly (readonly number[])[], { cells, exposure }: SalesExpectation): number {
  const x = factors.flat();
  const adjust = (value: number, month: number) => value / at(exposure, month);
  const y = cells.flatMap((months) => months.map(({ mean }, month) => adjust(mean, month)));
  const noise = cells.flatMap((months) => months.map(({ sd }, month) => adjust(sd, month) ** 2));
  const [ofX, ofY] = [spread(x), spread(y)];
  const observedSd = Math.sqrt(ofY.sd ** 2 + spread(noise).mean);
  const likely = (correlation(x, y) * ofY.sd) / observedSd;
  const variance = noise.reduce((sum, cellVariance, index) => {
    const [zx, zy] = [(at(x, index) - ofX.mean) / ofX.sd, (at(y, index) - ofY.mean) / observedSd];
    const linear = cellVariance * ((zx - likely * zy) / (x.length * observedSd)) ** 2;
    return sum + linear + 2 * ((cellVariance * likely) / (2 * x.length * observedSd ** 2)) ** 2;
  }, 0);
  return likely - SIGMAS * Math.sqrt(variance);
}

function checkShares(
  name: string,
  shares: readonly { name: string; found: number; expected: Expected }[],
  customers: number,
): CheckResult {
  const points = customers >= LARGE_SCALE ? 0.01 : 0.03;
  const findings = shares
    .filter(({ found, expected }) => Math.abs(found - expected.mean) > Math.max(points, SIGMAS * expected.sd))
    .map((share) => `${share.name}: ${percent(share.found)}, expected ${percent(share.expected.mean)}`);
  return conclude(name, findings, shares.map((share) => `${share.name} ${percent(share.found)}`).join(', '));
}

function misplacedExtremes(category: Category, adjusted: readonly number[], exposure: readonly number[]): string[] {
  return (
    [
      ['busiest', 1],
      ['quietest', -1],
    ] as const
  ).flatMap(([word, sign]) => {
    const factor = (month: number) => sign * at(category.seasonTenths, month);
    const level = (month: number) => sign * at(adjusted, month);
    const months = Array.from({ length: 12 }, (_, month) => month);
    const observed = months.reduce((best, month) => (level(month) > level(best) ? month : best));
    const wanted = months.filter((month) => months.every((other) => factor(month) >= factor(other)));
    const accepted = wanted.some((month) => {
      const distance = Math.abs(month - observed);
      const sd = Math.sqrt((at(adjusted, month) * lineClustering) / at(exposure, month));
      return Math.min(distance, 12 - distance) <= 1 || level(observed) - level(month) <= 3 * sd;
    });
    return accepted
      ? []
      : [`${category.name}: ${word} month is ${observed + 1}, not ${wanted.map((month) => month + 1).join(' or ')}`];
  });
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const [ofX, ofY] = [spread(x), spread(y)];
  const covariance = spread(x.map((value, index) => (value - ofX.mean) * (at(y, index) - ofY.mean))).mean;
  return covariance / (ofX.sd * ofY.sd);
}

function spread(values: readonly number[]): Expected {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

function conclude(name: string, findings: readonly string[], summary: string): CheckResult {
  return { name, passed: findings.length === 0, detail: findings.length === 0 ? summary : findings.join('; ') };
}
