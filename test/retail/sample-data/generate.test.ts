import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateTexts, dayNumber } from '../../../src/retail/sample-data/calendar.ts';
import { generateSampleData, type SampleData } from '../../../src/retail/sample-data/generate.ts';
import { askedPrice, discountOf } from '../../../src/retail/sample-data/lines.ts';
import { orderCount } from '../../../src/retail/sample-data/orders.ts';
import { loadReferenceData } from '../../../src/retail/sample-data/reference-data.ts';
import { type SampleRow, sampleTables, storedColumns } from '../../../src/retail/sample-data/rows.ts';

const reference = loadReferenceData();
const endDates = dateTexts('2026-12-31').slice(30);
const anyOptions = fc.record({
  scale: fc.integer({ min: 1, max: 60 }),
  seed: fc.maxSafeNat(),
  endDate: fc.constantFrom(...endDates),
});

const rowsOf = (data: SampleData, table: string): Record<string, string>[] => {
  const columns = storedColumns(table).map(({ name }) => name);
  const named = (row: SampleRow) => Object.fromEntries(columns.map((column, index) => [column, String(row[index])]));
  return [
    ...sampleTables(data)
      .find(({ name }) => name === table)!
      .rows(),
  ].map(named);
};
const cents = (money: string | undefined): number => {
  expect(money).toMatch(/^\d+\.\d\d$/);
  return Number(money!.replace('.', ''));
};

describe('whatever the scale, seed and end date', () => {
  const always = (claim: (data: SampleData) => void) =>
    fc.assert(
      fc.property(anyOptions, (options) => claim(generateSampleData(reference, options))),
      { numRuns: 40 },
    );

  test('every line has a quantity, a price and an exact total, and names the store of its order', () => {
    always((data) => {
      const orders = new Map(rowsOf(data, 'orders').map((order) => [order.order_id, order]));
      const totals = new Map<string, number>();
      for (const line of rowsOf(data, 'order_items')) {
        const [quantity, unit] = [Number(line.quantity), cents(line.unit_price)];
        const base = reference.products[Number(line.product_id) - 1]!.basePriceCents;
        expect(quantity).toBeGreaterThanOrEqual(1);
        expect(quantity).toBeLessThanOrEqual(10);
        expect(Math.abs(unit - base)).toBeLessThanOrEqual(base * 0.2 + 0.5);
        expect(['0', '5', '10', '15', '20', '25']).toContain(line.discount_percent);
        expect(cents(line.total_amount)).toBe(unit * quantity - cents(line.discount_amount));
        expect(line.store_id).toBe(orders.get(line.order_id!)!.store_id);
        totals.set(line.order_id!, (totals.get(line.order_id!) ?? 0) + cents(line.total_amount));
      }
      for (const order of orders.values()) expect(cents(order.total_amount)).toBe(totals.get(order.order_id!));
    });
  });

  test('orders are numbered by date, then customer, and lie between registration and end date', () => {
    always((data) => {
      const customers = rowsOf(data, 'customers');
      let previous = '';
      for (const [index, order] of rowsOf(data, 'orders').entries()) {
        expect(order.order_id).toBe(String(index + 1));
        const key = `${order.order_date}/${order.customer_id!.padStart(7, '0')}`;
        expect(key >= previous).toBe(true);
        previous = key;
        const created = customers[Number(order.customer_id) - 1]!.created_at!;
        expect(created).toMatch(/^\d{4}-\d\d-\d\d ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/);
        expect(created.slice(0, 10) >= '2020-01-01').toBe(true);
        expect(created.slice(0, 10) <= order.order_date!).toBe(true);
        expect(order.order_date! <= data.options.endDate).toBe(true);
      }
    });
  });

  test('customers registered at most 90 days before their first order, and shop at one store', () => {
    always((data) => {
      const orders = rowsOf(data, 'orders');
      for (const customer of rowsOf(data, 'customers')) {
        const own = orders.filter((order) => order.customer_id === customer.customer_id);
        expect(own.length).toBeGreaterThanOrEqual(1);
        expect(new Set(own.map((order) => order.store_id)).size).toBe(1);
        expect(dayNumber(own[0]!.order_date!) - dayNumber(customer.created_at!.slice(0, 10))).toBeLessThanOrEqual(90);
      }
    });
  });

  test('customers have unique folded addresses, fictitious phones and names without doubled apostrophes', () => {
    always((data) => {
      const customers = rowsOf(data, 'customers');
      expect(new Set(customers.map(({ email }) => email)).size).toBe(data.options.scale);
      for (const customer of customers) {
        expect(customer.email).toMatch(new RegExp(`^[a-z-]+\\.[a-z-]+\\.${customer.customer_id}@example\\.com$`));
        expect(customer.phone).toMatch(/^\([2-9]\d\d\) 555-01\d\d$/);
        expect(Number(customer.primary_store_id)).toBeGreaterThanOrEqual(1);
        expect(Number(customer.primary_store_id)).toBeLessThanOrEqual(8);
      }
    });
  });

  test('stock is within what its formula allows', () => {
    const seasonMean = (product: number) =>
      reference.categories[reference.products[product - 1]!.categoryId - 1]!.seasonSum / 120;
    always((data) => {
      const impossible = rowsOf(data, 'inventory').filter((row) => {
        const unit = reference.stores[Number(row.store_id) - 1]!.customerWeight * seasonMean(Number(row.product_id));
        const level = Number(row.stock_level);
        return level < Math.max(1, Math.floor(10 * unit * 0.5)) || level >= 100 * unit * 1.5;
      });
      expect(impossible).toEqual([]);
    });
  });
});

test('no text of the catalogue or of the names has a doubled apostrophe or a blank at its ends', () => {
  const data = generateSampleData(reference, { scale: 2000, seed: 5, endDate: '2025-12-31' });
  const texts = sampleTables(data).flatMap((table) => {
    const columns = storedColumns(table.name).map(({ type }) => type === 'text');
    return columns.includes(true) ? [...table.rows()].flatMap((row) => row.filter((_, index) => columns[index]).map(String)) : [];
  });
  expect(texts.length).toBeGreaterThan(8000);
  expect(texts.filter((text) => text.includes("''") || text !== text.trim())).toEqual([]);
  expect(texts.some((text) => text.includes("O'Brien"))).toBe(true);
});

test('a larger scale leaves the smaller one’s customers as they are', () => {
  const customers = (scale: number) =>
    rowsOf(generateSampleData(reference, { scale, seed: 5, endDate: '2025-12-31' }), 'customers').slice(0, 20);
  expect(customers(50)).toEqual(customers(20));
});

test('every customer orders at least once: a base of 0 gives 1, a base of 3 at 2.6 gives 7', () => {
  expect([orderCount(0, 30), orderCount(3, 26), orderCount(1, 14)]).toEqual([1, 7, 1]);
});

test('prices and discounts round half up to whole cents', () => {
  expect([askedPrice(299, 8000), askedPrice(299, 12_000), askedPrice(125, 10_040), askedPrice(41_79, 10_000)]).toEqual([
    239, 359, 126, 41_79,
  ]);
  expect([discountOf(1000, 15), discountOf(10, 5), discountOf(9, 5), discountOf(1000, 0)]).toEqual([150, 1, 0, 0]);
});

test('a relation that does not exist has no columns to load', () => {
  expect(() => storedColumns('managers')).toThrow(/managers/);
});
