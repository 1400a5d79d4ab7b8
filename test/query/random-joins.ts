import fc from 'fast-check';

/** Something to stand in FROM, and what can be asked of it outside. */
interface Item {
  readonly sql: string;
  /** Integer columns, qualified; the first one is fit for joins: few rows share a value. */
  readonly columns: readonly string[];
}

/** Columns of the served tables: the first one keeps joins small. */
const tables: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['orders', 'order_id', 'store_id'],
  ['orders', 'customer_id', 'store_id'],
  ['order_items', 'order_id', 'store_id', 'quantity'],
  ['order_items', 'order_item_id', 'store_id'],
  ['inventory', 'product_id', 'store_id', 'stock_level'],
  ['sales_by_day', 'quantity', 'store_id'],
  ['sales_by_month_product', 'product_id', 'store_id'],
  ['customers', 'customer_id', 'primary_store_id'],
  ['stores', 'store_id', 'region_id'],
  ['products', 'product_id', 'category_id'],
];

/** Named like a table, and hides it: what holds for the table's rows does not hold for these. */
const cte = 'sales_by_month_category';

const joinTypes = ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'] as const;

/** A table under a name of its own, in the ways that FROM knows. */
const leaf = (name: string): fc.Arbitrary<Item> =>
  fc.tuple(fc.constantFrom(...tables), fc.nat({ max: 9 })).map(([[table, ...columns], form]): Item => {
    const of = (names: readonly string[]) => names.map((column) => `${name}.${column}`);
    if (form === 0) return { sql: `(SELECT ${columns.join(', ')} FROM ${table}) ${name}`, columns: of(columns) };
    if (form === 1) return { sql: `ONLY ${table} AS ${name}`, columns: of(columns) };
    if (form === 2) return { sql: `${table} ${name} TABLESAMPLE bernoulli (60) REPEATABLE (7)`, columns: of(columns) };
    if (form === 3) return { sql: `${cte} ${name}`, columns: of(['order_id', 'store_id']) };
    if (form === 4) return { sql: `orders ${name}(a, b, c)`, columns: of(['a', 'c', 'b']) };
    if (form === 5)
      return {
        sql: `(SELECT store_id AS k, store_id FROM orders UNION SELECT product_id, store_id FROM inventory) ${name}`,
        columns: of(['k', 'store_id']),
      };
    return { sql: `${table} ${name}`, columns: of(columns) };
  });

/** Two tables whose columns are merged, or hidden behind a name. */
const pair = (name: string): fc.Arbitrary<Item> => {
  const [a, b] = [`${name}l`, `${name}r`];
  const merging = fc
    .tuple(fc.constantFrom(...joinTypes), fc.constantFrom('USING (order_id)', 'USING (order_id, store_id)', 'NATURAL'))
    .map(
      ([type, how]): Item => ({
        sql:
          how === 'NATURAL' ? `(orders ${a} NATURAL ${type} order_items ${b})` : `(orders ${a} ${type} order_items ${b} ${how})`,
        columns: [`${a}.order_id`, `${b}.store_id`, `${a}.store_id`, `${b}.order_item_id`],
      }),
    );
  const named = fc.constantFrom(...joinTypes).chain((type) =>
    fc.constantFrom(
      {
        sql: `(inventory ${a} ${type} products ${b} USING (product_id)) AS ${name}`,
        columns: [`${name}.product_id`, `${name}.stock_level`],
      },
      {
        sql: `(sales_by_day ${a}(s, d) ${type} inventory ${b} ON ${a}.quantity = ${b}.product_id AND ${a}.s = ${b}.store_id) AS ${name}`,
        columns: [`${name}.product_id`, `${name}.s`, `${name}.store_id`],
      },
    ),
  );
  return fc.oneof(merging, named);
};

/** A tree of joins with at most `depth` levels; names start with `name`. */
function joins(name: string, depth: number): fc.Arbitrary<Item> {
  if (depth === 0) return fc.oneof({ weight: 4, arbitrary: leaf(name) }, { weight: 1, arbitrary: pair(name) });
  const sides = fc.tuple(joins(`${name}a`, depth - 1), joins(`${name}b`, depth - 1));
  return fc.tuple(sides, fc.constantFrom(...joinTypes), fc.nat({ max: 4 })).map(([[left, right], type, form]): Item => {
    const columns = [...left.columns, ...right.columns];
    const [l, lMore] = left.columns;
    const [r, rMore] = right.columns;
    const extra = type === 'FULL JOIN' ? '' : ['', ` AND ${rMore} > 1`, ` AND ${lMore} <> 2`, ` AND ${lMore} = ${rMore}`][form];
    if (extra === undefined) {
      const outer = type === 'JOIN' ? 'CROSS JOIN' : 'LEFT JOIN';
      const on = type === 'JOIN' ? '' : ` ON ${lMore} = ${name}z.store_id`;
      const sql = `(${left.sql} ${outer} LATERAL (SELECT z.store_id, count(*)::int AS n FROM orders z WHERE z.order_id = ${l} GROUP BY z.store_id) ${name}z${on})`;
      return { sql, columns: [...left.columns, `${name}z.store_id`, `${name}z.n`] };
    }
    return { sql: `(${left.sql} ${type} ${right.sql} ON ${l} = ${r}${extra})`, columns };
  });
}

const conditions = (columns: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...columns), fc.constantFrom(...columns), fc.nat({ max: 8 }))
    .map(
      ([a, b, form]) =>
        [
          'true',
          `${a} % 3 <> 0 OR ${b} IS NULL`,
          `${a} IS NULL AND ${b} < 40 OR ${b} > 2`,
          `EXISTS (SELECT 1 FROM order_items z WHERE z.order_id = ${a})`,
          `NOT EXISTS (SELECT 1 FROM orders z LEFT JOIN order_items y ON y.order_id = z.order_id WHERE z.order_id = ${a} AND y.order_id IS NULL)`,
          `${a} NOT IN (SELECT z.product_id FROM inventory z WHERE z.stock_level < 10)`,
          `${a} = ANY (SELECT z.order_id FROM orders z UNION ALL SELECT y.product_id FROM inventory y)`,
          `(SELECT count(*) FROM orders z JOIN order_items y USING (order_id) WHERE z.order_id = ${a}) <> 1`,
          `${a} > (SELECT avg(z.store_id) FROM sales_by_day z)`,
        ][form] as string,
    );

const withLines = `WITH ${cte} AS (SELECT order_id, order_id % 8 + 1 AS store_id FROM order_items WHERE quantity > 1)`;
const recursive = `WITH RECURSIVE ${cte}(order_id, store_id) AS (SELECT min(order_id), 1 FROM orders
  UNION ALL SELECT o.order_id, o.store_id FROM ${cte} l JOIN orders o ON o.order_id > l.order_id AND o.order_id < l.order_id + 4 AND o.order_id % 3 = 0)`;

/** What is made of the rows; every form has one answer, whatever the order in which the rows come. */
function statement({ sql, columns }: Item, where: string, form: number): string {
  const [a, b = a] = columns;
  const from = `FROM ${sql} WHERE ${where}`;
  const sums = columns.map((column) => `count(${column}), sum(${column})`).join(', ');
  const first = 'ORDER BY 1, 2, 3 LIMIT 60';
  const forms = [
    `SELECT count(*), ${sums} ${from}`,
    `SELECT count(*), ${sums} FROM ${sql}, inventory extra WHERE (${where}) AND extra.product_id = ${a}`,
    `SELECT ${a}, ${b}, count(*) ${from} GROUP BY ${a}, ${b} HAVING count(*) < 50 ${first}`,
    `SELECT DISTINCT ON (${a}) ${a}, ${b}, 1 ${from} ${first}`,
    `SELECT ${a}, ${b}, sum(${b}) OVER (PARTITION BY ${a}) ${from} ${first}`,
    `SELECT count(*) FILTER (WHERE ${a} > 3), min(${a}), max(${b}) ${from}`,
    `SELECT ${a}, ${b}, 0 ${from} EXCEPT SELECT order_id, store_id, 0 FROM orders ${first}`,
    `SELECT o.order_id, o.order_date, (SELECT count(*) ${from} AND ${a} = o.order_id) FROM orders o LEFT JOIN order_items i ON i.order_id = o.order_id GROUP BY o.order_id ORDER BY 1 LIMIT 5`,
    `SELECT ${a} % 4, ${b} % 3, count(*) ${from} GROUP BY GROUPING SETS ((${a} % 4), (${b} % 3), ()) ORDER BY 1, 2, 3`,
    `SELECT ${a}, ${b}, 1 FROM stores JOIN (SELECT ${columns.map((column, index) => `${column} AS c${index}`).join(', ')} ${from}) q ON q.c0 = stores.store_id ${first}`.replace(
      `SELECT ${a}, ${b}, 1`,
      'SELECT q.c0, stores.store_id, count(*) OVER ()',
    ),
  ];
  return forms[form] as string;
}

/** Honest statements over the retail schema with joins, sub-selects, CTEs and aggregates of all sorts. */
export const randomStatements: fc.Arbitrary<string> = fc
  .nat({ max: 2 })
  .chain((depth) => joins('t', depth))
  .chain((item) => fc.tuple(fc.constant(item), conditions(item.columns), fc.nat({ max: 9 }), fc.boolean()))
  .map(([item, where, form, isRecursive]) => `${isRecursive ? recursive : withLines} ${statement(item, `(${where})`, form)}`);
