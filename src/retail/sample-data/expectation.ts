import type { SalesMonth } from './calendar.ts';
import { at } from './columns.ts';
import { baseOrders, chances, expected, linesPerOrder } from './draws.ts';
import { orderCount } from './orders.ts';
import type { ReferenceData } from './reference-data.ts';
import { monthWeights, rangeShare, seasonTotal } from './seasons.ts';

/** A random quantity: what it should be, and how far chance alone moves it. */
export interface Expected {
  readonly mean: number;
  readonly sd: number;
}

/** What the generator's tables imply, in closed form: nothing here is drawn. */
export interface SalesExpectation {
  readonly customers: number;
  readonly orders: Expected;
  readonly lines: Expected;
  /** Share of orders by store, in reference order. */
  readonly storeShares: readonly Expected[];
  readonly yearShares: ReadonlyMap<number, Expected>;
  /** Lines by category and month of the year (0 = January). */
  readonly cells: readonly (readonly Expected[])[];
  /** How often each month of the year lies in the range, relative to the average month: 1 everywhere for whole years. */
  readonly exposure: readonly number[];
}

const square = (value: number): number => value * value;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const lineMean = expected(linesPerOrder);
const lineSquareMean = expected(linesPerOrder, square);

/** Variance of a count of lines relative to a count of independent events: lines come in orders. */
export const lineClustering = lineSquareMean / lineMean;

export function expectSales(reference: ReferenceData, months: readonly SalesMonth[], customers: number): SalesExpectation {
  const stores = orderMoments(reference);
  const perCustomer = sum(stores.map(({ weight, mean }) => weight * mean));
  const variance = sum(stores.map(({ weight, squareMean }) => weight * squareMean)) - square(perCustomer);
  const orders = { mean: customers * perCustomer, sd: Math.sqrt(customers * variance) };
  const lineVariance = perCustomer * (lineSquareMean - square(lineMean)) + variance * square(lineMean);
  return {
    customers,
    orders,
    lines: { mean: orders.mean * lineMean, sd: Math.sqrt(customers * lineVariance) },
    storeShares: storeShares(stores, perCustomer, customers),
    yearShares: yearShares(reference, months, orders.mean),
    cells: cells(reference, months, orders.mean),
    exposure: exposure(reference, months),
  };
}

interface OrderMoments {
  /** Probability that a customer shops here. */
  readonly weight: number;
  readonly mean: number;
  readonly squareMean: number;
}

function orderMoments({ stores }: ReferenceData): OrderMoments[] {
  const total = sum(stores.map((store) => store.customerWeight));
  return stores.map(({ customerWeight, frequencyTenths }) => ({
    weight: customerWeight / total,
    mean: expected(baseOrders, (base) => orderCount(base, frequencyTenths)),
    squareMean: expected(baseOrders, (base) => square(orderCount(base, frequencyTenths))),
  }));
}

/**
 * A customer's orders all go to one store, so a store's share is a ratio estimate over customers, not over orders:
 * variance = E[(orders here − share × orders)²] / (customers × (orders a customer)²).
 */
function storeShares(stores: readonly OrderMoments[], perCustomer: number, customers: number): Expected[] {
  return stores.map((store) => {
    const mean = (store.weight * store.mean) / perCustomer;
    const deviation = sum(stores.map((other) => other.weight * other.squareMean * square((other === store ? 1 : 0) - mean)));
    return { mean, sd: Math.sqrt(deviation / customers) / perCustomer };
  });
}

function yearShares(reference: ReferenceData, months: readonly SalesMonth[], orders: number): Map<number, Expected> {
  const weights = monthWeights(reference, months);
  const total = sum(weights);
  const shares = new Map<number, number>();
  for (const [index, { year }] of months.entries()) shares.set(year, (shares.get(year) ?? 0) + at(weights, index) / total);
  return new Map([...shares].map(([year, mean]) => [year, { mean, sd: Math.sqrt((mean * (1 - mean)) / orders) }]));
}

function exposure({ yearWeights }: ReferenceData, months: readonly SalesMonth[]): number[] {
  const volumes = new Array<number>(12).fill(0);
  for (const month of months) {
    volumes[month.month] = at(volumes, month.month) + at(yearWeights, month.year) * rangeShare(month, months);
  }
  const average = sum(volumes) / 12;
  return volumes.map((volume) => volume / average);
}

/** A cell counts lines of orders of its own category (most of them) and stray lines of all others. */
function cells(reference: ReferenceData, months: readonly SalesMonth[], orders: number): Expected[][] {
  const { categories, products } = reference;
  const weights = monthWeights(reference, months);
  const total = sum(weights);
  const monthShares = Array.from({ length: 12 }, (_, month) =>
    sum(months.map((each, index) => (each.month === month ? at(weights, index) / total : 0))),
  );
  const seasonal = chances.categoryBySeason / 100;
  const own = chances.productOfOrderCategory / 100;
  // Mean and mean square of how many of an order's lines hit, each with the same probability.
  const hits = (probability: number) => ({
    mean: probability * lineMean,
    squareMean: square(probability) * lineSquareMean + probability * (1 - probability) * lineMean,
  });
  return categories.map((category) => {
    const stray = ((1 - own) * products.filter(({ categoryId }) => categoryId === category.id).length) / products.length;
    const [inside, outside] = [hits(own + stray), hits(stray)];
    return monthShares.map((share, month) => {
      const factor = at(category.seasonTenths, month) / seasonTotal(categories, month);
      const chosen = seasonal * factor + (1 - seasonal) / categories.length;
      const blend = (ofOwn: number, ofOther: number) => orders * share * (chosen * ofOwn + (1 - chosen) * ofOther);
      return { mean: blend(inside.mean, outside.mean), sd: Math.sqrt(blend(inside.squareMean, outside.squareMean)) };
    });
  });
}
