import type { ColumnType } from '../../postgres/database.ts';
import { retailTables } from '../tables.ts';
import { dateTexts } from './calendar.ts';
import { at } from './columns.ts';
import type { SampleData } from './generate.ts';
import { firstNames, foldName, lastNames } from './names.ts';
import { quotient } from './random.ts';

/** PostgreSQL text representations; null is SQL NULL. */
export type SampleRow = readonly (string | number | null)[];

export interface SampleTable {
  readonly name: string;
  readonly count: number;
  /** In the order of `storedColumns(name)`, by ascending primary key. */
  rows(): Iterable<SampleRow>;
}

const GROSS_MARGIN_PERCENT = '33.00';

/** A relation's columns without those that the database computes. */
export function storedColumns(table: string): ColumnType[] {
  const relation = retailTables.find(({ name }) => name === table);
  if (relation === undefined) throw new Error(`the retail schema has no relation ${table}`);
  return relation.columns.filter(({ type }) => type !== 'tsvector').map(({ name, type }) => ({ name, type }));
}

/** The rows of the base tables, in an order that satisfies every foreign key. */
export function sampleTables(data: SampleData): SampleTable[] {
  const { regions, stores, categories, types, products } = data.reference;
  return [
    listed('regions', regions, ({ id, name }) => [id, name]),
    listed('stores', stores, ({ id, name, tenantKey, online, regionId }) => [id, name, tenantKey, online ? 't' : 'f', regionId]),
    listed('categories', categories, ({ id, name }) => [id, name]),
    listed('product_types', types, ({ id, categoryId, name }) => [id, categoryId, name]),
    listed('products', products, (product) => [
      product.id,
      product.sku,
      product.name,
      product.categoryId,
      product.typeId,
      money(product.costCents),
      money(product.basePriceCents),
      GROSS_MARGIN_PERCENT,
      product.description,
    ]),
    counted('customers', data.options.scale, customerRow(data)),
    counted('inventory', data.stockLevels.length, (row) => [
      quotient(row, products.length) + 1,
      (row % products.length) + 1,
      at(data.stockLevels, row),
    ]),
    counted('orders', data.orders.day.length, orderRow(data)),
    counted('order_items', data.lines.order.length, lineRow(data)),
  ];
}

/** Exact decimal text of an amount in cents. */
export function money(cents: number): string {
  return `${quotient(cents, 100)}.${String(cents % 100).padStart(2, '0')}`;
}

function customerRow({ customers, options }: SampleData): (row: number) => SampleRow {
  const dates = dateTexts(options.endDate);
  return (row) => {
    const first = at(firstNames, at(customers.firstName, row));
    const last = at(lastNames, at(customers.lastName, row));
    const phone = at(customers.phone, row);
    const created = at(customers.createdSeconds, row);
    return [
      row + 1,
      first,
      last,
      `${foldName(first)}.${foldName(last)}.${row + 1}@example.com`,
      `(${quotient(phone, 100)}) 555-01${twoDigits(phone % 100)}`,
      at(customers.primaryStore, row) + 1,
      `${at(dates, quotient(created, 86_400))} ${timeOfDay(created % 86_400)}`,
    ];
  };
}

function orderRow({ orders, options }: SampleData): (row: number) => SampleRow {
  const dates = dateTexts(options.endDate);
  return (row) => [
    row + 1,
    at(orders.customer, row) + 1,
    at(orders.store, row) + 1,
    at(dates, at(orders.day, row)),
    money(at(orders.totalCents, row)),
  ];
}

function lineRow({ lines, orders }: SampleData): (row: number) => SampleRow {
  return (row) => {
    const order = at(lines.order, row);
    const quantity = at(lines.quantity, row);
    const unitCents = at(lines.unitCents, row);
    const discountCents = at(lines.discountCents, row);
    return [
      row + 1,
      order + 1,
      at(orders.store, order) + 1,
      at(lines.product, row) + 1,
      quantity,
      money(unitCents),
      at(lines.discountPercent, row),
      money(discountCents),
      money(unitCents * quantity - discountCents),
    ];
  };
}

function timeOfDay(seconds: number): string {
  return `${twoDigits(quotient(seconds, 3600))}:${twoDigits(quotient(seconds % 3600, 60))}:${twoDigits(seconds % 60)}`;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

function listed<Item>(name: string, items: readonly Item[], row: (item: Item) => SampleRow): SampleTable {
  return { name, count: items.length, rows: () => items.map(row) };
}

function counted(name: string, count: number, row: (index: number) => SampleRow): SampleTable {
  return {
    name,
    count,
    *rows() {
      for (let index = 0; index < count; index += 1) yield row(index);
    },
  };
}
