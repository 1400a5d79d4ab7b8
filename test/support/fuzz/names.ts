import fc from 'fast-check';

/**
 * Statements that name things misleadingly: relations and columns of the caller's own go by the names of columns that are closed,
 * in every form in which PostgreSQL makes up or moves a name. Most are refused or wrong; none may read what is closed.
 */

const one = <T>(...choices: T[]) => fc.constantFrom(...choices);
const say = (parts: TemplateStringsArray, ...given: fc.Arbitrary<string>[]) =>
  fc.tuple(...given).map((texts) => parts.reduce((sql, part, index) => sql + texts[index - 1] + part));
const maybe = (part: fc.Arbitrary<string>, weight = 2) =>
  fc.oneof({ weight, arbitrary: fc.constant('') }, { weight: 1, arbitrary: part });

/** Two that are closed, a system column, two that are open, two of nobody. */
const name = one('cost', 'cost', 'email', 'ctid', 'store_id', 'order_id', 'u');
const aliases = ['cost', 'cost', 'email', 'ctid', 'order_id', 'u'];
const table = one('products', 'products', 'products', 'customers', 'orders');
const columns = maybe(
  fc.array(name, { minLength: 1, maxLength: 9 }).map((names) => `(${names.join(', ')})`),
  4,
);

const rows = one(
  'unnest(ARRAY(SELECT o FROM orders o))',
  'unnest(ARRAY(SELECT o FROM orders o))',
  'unnest(ARRAY(SELECT o FROM orders o))',
  "unnest('a b'::tsvector)",
  "unnest('a b'::tsvector)",
  'unnest(ARRAY[1, 2])',
  'generate_series(1, 2)',
  'ROWS FROM (generate_series(1, 2), unnest(ARRAY(SELECT o FROM orders o)))',
  'unnest(ARRAY(SELECT o FROM orders o)) WITH ORDINALITY',
  "JSON_TABLE('[]', '$' COLUMNS (email int, NESTED PATH '$' COLUMNS (cost int), order_id int))",
  "json_each('{}')",
  'any_value(orders)',
  'any_value(orders)',
  'CURRENT_DATE',
);

/** `alias` is what the relation goes by, where it has a name; `w` may be named where a CTE stands around. */
function relation(depth: number, alias: string, withCte: boolean): fc.Arbitrary<string> {
  const plain = fc.oneof(
    { weight: 2, arbitrary: say`${table} AS ${one(alias)}${columns}` },
    { weight: 4, arbitrary: table },
    { weight: 4, arbitrary: say`${rows} AS ${one(alias)}${columns}` },
    { weight: 1, arbitrary: say`orders AS o, LATERAL ${one('coalesce', 'greatest')}(o) AS ${one(alias)}${columns}` },
    { weight: 1, arbitrary: say`orders AS o, LATERAL (VALUES (o.*)) AS ${one(alias)}${columns}` },
    { weight: 1, arbitrary: say`(SELECT 1) AS ${one(alias)}(${name}), ${table} TABLESAMPLE system (${name})` },
    ...(withCte ? [{ weight: 3, arbitrary: one('w', `w AS ${alias}`) }] : []),
  );
  if (depth === 0) return plain;
  const inner = fc.oneof(relation(depth - 1, alias, withCte), relation(depth - 1, 'v', withCte)).map(single);
  const kind = one('CROSS JOIN', 'NATURAL JOIN', 'NATURAL FULL JOIN');
  return fc.oneof(
    { weight: 6, arbitrary: plain },
    { weight: 3, arbitrary: say`${one('', 'LATERAL ')}(${select(depth - 1, withCte)}) AS ${one(alias)}${columns}` },
    { weight: 1, arbitrary: say`(${select(depth - 1, withCte)})` },
    { weight: 1, arbitrary: say`${inner} ${kind} ${inner}` },
    { weight: 2, arbitrary: say`(${inner} ${kind} ${inner}) AS ${one(alias)}${columns}` },
    { weight: 1, arbitrary: say`${inner} ${one('JOIN', 'FULL JOIN')} ${inner} USING (${name})` },
  );
}

/** Within a join a comma may not stand. */
const single = (from: string) =>
  from.replace('orders AS o, LATERAL', 'orders AS o CROSS JOIN LATERAL').replace(/, (\w+ TABLESAMPLE)/, ' CROSS JOIN $1');

/** Columns that are there for some and not for others. */
const adding = fc.oneof(say`SEARCH DEPTH FIRST BY order_id SET ${name}`, say`CYCLE order_id SET ${name} USING path`);

function select(depth: number, withCte: boolean): fc.Arbitrary<string> {
  const key = `${depth} ${withCte}`;
  const known = made.get(key) ?? fc.oneof(...aliases.map((alias) => selectFrom(depth, alias, withCte)));
  made.set(key, known);
  return known;
}

const made = new Map<string, fc.Arbitrary<string>>();

function selectFrom(depth: number, alias: string, withCte: boolean): fc.Arbitrary<string> {
  const reference = fc.oneof(
    { weight: 6, arbitrary: one(alias) },
    { weight: 2, arbitrary: one('1', '1 + 1') },
    { weight: 2, arbitrary: name },
    { weight: 1, arbitrary: say`${one(alias)}.${name}` },
    { weight: 1, arbitrary: say`(${one(alias)}).${name}` },
  );
  const item = fc.oneof(
    { weight: 3, arbitrary: reference },
    { weight: 3, arbitrary: one(`${alias}.*`, `(${alias}).*`, `(${alias}).* AS cost`, '*') },
    { weight: 1, arbitrary: say`1 AS ${name}` },
    { weight: 1, arbitrary: say`${reference} AS ${name}` },
    ...(depth > 0 ? [{ weight: 12, arbitrary: say`${one('', 'EXISTS ')}(${select(depth - 1, withCte)})` }] : []),
  );
  const by = fc.oneof(reference, reference, say`ROW(${reference})`, say`(${reference}, ${reference})`);
  const core = (cte: boolean) =>
    say`SELECT ${maybe(say`DISTINCT ON (${reference})`, 8)} ${item}${maybe(say`, ${item}`, 4)} FROM ${relation(depth, alias, cte)}${maybe(say`, ${relation(depth, 'v', cte)}`, 3)}${maybe(say` WHERE ${reference} IS NOT NULL`, 8)}${maybe(say` GROUP BY ${by}`, 8)}${maybe(say` ORDER BY ${by}`)}`;
  if (depth === 0) return core(withCte);
  const unordered = selectFrom(0, alias, withCte).map((sql) => `(${sql})`);
  return fc.oneof(
    { weight: 1, arbitrary: say`${unordered} ${one('UNION ALL', 'EXCEPT')} ${unordered}${maybe(say` ORDER BY ${by}`)}` },
    { weight: 3, arbitrary: core(withCte) },
    {
      weight: 1,
      arbitrary: say`WITH RECURSIVE w(order_id) AS (SELECT 1 UNION ALL ${core(true)}) ${adding} ${core(true)}`,
    },
    { weight: 2, arbitrary: say`WITH ${one('', 'RECURSIVE ')}w${columns} AS (${select(depth - 1, withCte)}) ${core(true)}` },
  );
}

const statement = fc.oneof(select(1, false), select(1, false), select(2, false));

/** Statements of one seed, always the same. */
export const fuzzNames = (count: number, seed: number): string[] => fc.sample(statement, { numRuns: count, seed });
