import type { SalesMonth } from './calendar.ts';
import { at } from './columns.ts';
import { baseOrders, createValueDraw } from './draws.ts';
import type { SampleDataOptions } from './options.ts';
import { createRandomStream, createWeightedDraw, quotient, type RandomStream } from './random.ts';
import type { ReferenceData } from './reference-data.ts';
import { monthWeights } from './seasons.ts';

/** Sorted by (day, customer, ordinal). */
export interface PlacedOrders {
  /** Customer index, from 0. */
  readonly customer: Uint32Array;
  /** Store index, from 0. */
  readonly store: Uint8Array;
  /** Days since 2020-01-01. */
  readonly day: Uint16Array;
}

const SECONDS_A_DAY = 86_400;
const MAX_DAYS_BEFORE_FIRST_ORDER = 90;

/** All orders, and the second (since 2020-01-01) at which each customer had registered before the first of them. */
export function drawOrders(
  reference: ReferenceData,
  { seed }: SampleDataOptions,
  months: readonly SalesMonth[],
  shoppingStore: Uint8Array,
): { orders: PlacedOrders; createdSeconds: Uint32Array } {
  const counts = drawOrderCounts(reference, seed, shoppingStore);
  const drawDay = createDayDraw(reference, months);
  const dates = createRandomStream(seed, 'order/date');
  const created = createRandomStream(seed, 'customer/created_at');

  const customer = new Uint32Array(counts.reduce((sum, count) => sum + count, 0));
  const day = new Uint16Array(customer.length);
  const createdSeconds = new Uint32Array(counts.length);
  let row = 0;
  for (const [index, count] of counts.entries()) {
    const end = row + count;
    customer.fill(index, row, end);
    let firstDay = Number.POSITIVE_INFINITY;
    for (; row < end; row += 1) {
      const drawn = drawDay(dates);
      day[row] = drawn;
      firstDay = Math.min(firstDay, drawn);
    }
    const createdDay = Math.max(0, firstDay - created.between(0, MAX_DAYS_BEFORE_FIRST_ORDER));
    createdSeconds[index] = createdDay * SECONDS_A_DAY + created.below(SECONDS_A_DAY);
  }
  return { orders: sortByDay(customer, day, shoppingStore), createdSeconds };
}

/** At least one order a customer: floor(base × frequency of the shopping store). */
export function orderCount(base: number, frequencyTenths: number): number {
  return Math.max(1, quotient(base * frequencyTenths, 10));
}

function drawOrderCounts({ stores }: ReferenceData, seed: number, shoppingStore: Uint8Array): Uint8Array {
  const stream = createRandomStream(seed, 'customer/orders');
  const drawBase = createValueDraw(baseOrders);
  return shoppingStore.map((store) => orderCount(drawBase(stream), at(stores, store).frequencyTenths));
}

function createDayDraw(reference: ReferenceData, months: readonly SalesMonth[]): (stream: RandomStream) => number {
  const drawMonth = createWeightedDraw(monthWeights(reference, months));
  return (stream) => {
    const month = at(months, drawMonth(stream));
    return month.firstDay + stream.below(month.daysInRange);
  };
}

/** Counting sort. It is stable, and orders were drawn by customer and ordinal, so those two decide within a day. */
function sortByDay(customer: Uint32Array, day: Uint16Array, shoppingStore: Uint8Array): PlacedOrders {
  const nextPosition = new Uint32Array(day.reduce((latest, value) => Math.max(latest, value), 0) + 2);
  for (const value of day) nextPosition[value + 1] = at(nextPosition, value + 1) + 1;
  for (let index = 1; index < nextPosition.length; index += 1) {
    nextPosition[index] = at(nextPosition, index) + at(nextPosition, index - 1);
  }
  const sorted = { customer: new Uint32Array(day.length), store: new Uint8Array(day.length), day: new Uint16Array(day.length) };
  for (const [row, value] of day.entries()) {
    const position = at(nextPosition, value);
    nextPosition[value] = position + 1;
    sorted.customer[position] = at(customer, row);
    sorted.store[position] = at(shoppingStore, at(customer, row));
    sorted.day[position] = value;
  }
  return sorted;
}
