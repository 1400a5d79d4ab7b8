import type { OwnerSession } from '../../postgres/database.ts';
import { retailTables } from '../tables.ts';
import { at } from './columns.ts';
import type { ReferenceData } from './reference-data.ts';

/** What the statistical checks look at. */
export interface SalesStatistics {
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
  /** In reference order. */
  readonly ordersByStore: readonly number[];
  readonly ordersByYear: ReadonlyMap<number, number>;
  /** YYYY-MM-DD; null without orders. */
  readonly firstOrder: string | null;
  readonly lastOrder: string | null;
  /** By category in reference order, then month of the year (0 = January). */
  readonly linesByCategoryMonth: readonly (readonly number[])[];
}

/** Needs a session with ISO dates. */
export async function measureSales(session: OwnerSession, schema: string, reference: ReferenceData): Promise<SalesStatistics> {
  const rows = await session.query(
    retailTables.map(({ name }) => `SELECT '${name}' AS name, count(*) AS count FROM ${schema}.${name}`).join(' UNION ALL '),
  );
  const byStore = await session.query(`SELECT store_id AS key, count(*) AS count FROM ${schema}.orders GROUP BY 1`);
  const byYear = await session.query(
    `SELECT extract(year FROM order_date)::int AS key, count(*) AS count FROM ${schema}.orders GROUP BY 1`,
  );
  const range = await session.query(`SELECT min(order_date) AS first, max(order_date) AS last FROM ${schema}.orders`);
  const byCell = await session.query(
    `SELECT concat(p.category_id, '/', extract(month FROM o.order_date)::int) AS key, count(*) AS count
     FROM ${schema}.order_items i JOIN ${schema}.orders o USING (order_id) JOIN ${schema}.products p USING (product_id) GROUP BY 1`,
  );
  const storeCounts = counted(byStore);
  const cellCounts = counted(byCell);
  return {
    rows: Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)])),
    ordersByStore: reference.stores.map(({ id }) => storeCounts.get(String(id)) ?? 0),
    ordersByYear: new Map([...counted(byYear)].map(([year, count]) => [Number(year), count])),
    firstOrder: at(at(range, 0), 'first'),
    lastOrder: at(at(range, 0), 'last'),
    linesByCategoryMonth: reference.categories.map(({ id }) =>
      Array.from({ length: 12 }, (_, month) => cellCounts.get(`${id}/${month + 1}`) ?? 0),
    ),
  };
}

function counted(rows: readonly Record<string, string | null>[]): Map<string, number> {
  return new Map(rows.map(({ key, count }) => [String(key), Number(count)]));
}
