import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adviseQueries, cachingOf, type QueryReport } from '../../src/advisor/advise-queries.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { embeddedTier, type TestDatabase, tiers } from '../support/databases.ts';

const real = tiers.filter((tier) => tier !== embeddedTier).map((tier) => [tier.name, tier] as const);
const secret = 'mrs.canary@sea.example';

interface Asked {
  readonly problem: string;
  readonly sql: string;
  readonly cause: string;
  readonly hint: RegExp;
}

const asked: readonly Asked[] = [
  {
    problem: 'few rows by reading all',
    sql: 'SELECT note FROM yard.parcel WHERE weight = 77',
    cause: 'sequential scan',
    hint: /reads all of parcel for/,
  },
  {
    problem: 'a date hidden in date_trunc',
    sql: `SELECT count(note) FROM yard.parcel WHERE date_trunc('day', sent) = '2026-01-05'`,
    cause: 'function around a column',
    hint: /date_trunc\(\) hides parcel\.sent .* sent >= the beginning AND sent < the end/,
  },
  {
    problem: 'a number compared as text',
    sql: `SELECT note FROM yard.parcel WHERE id::text = '12'`,
    cause: 'cast of a column',
    hint: /parcel\.id is cast to text/,
  },
  {
    problem: 'arithmetic on the column',
    sql: 'SELECT note FROM yard.parcel WHERE weight * 2 = 154',
    cause: 'function around a column',
    hint: /arithmetic hides parcel\.weight .* on the other side/,
  },
  {
    problem: 'a pattern within a text',
    sql: `SELECT id FROM yard.parcel WHERE addressee LIKE '%${secret}%'`,
    cause: 'leading wildcard',
    hint: /parcel\.addressee reads every row: a trigram index/,
  },
  {
    problem: 'the hundredth page',
    sql: 'SELECT id FROM yard.parcel ORDER BY id LIMIT 10 OFFSET 5000',
    cause: 'OFFSET paging',
    hint: /after the last row seen/,
  },
  {
    problem: 'a sort that does not fit into memory',
    sql: 'SELECT * FROM yard.parcel ORDER BY addressee, note',
    cause: 'sort spill',
    hint: /MB of temporary files.* work_mem for the login/,
  },
  {
    problem: 'a value of a wider type than its column',
    sql: 'SELECT p.note FROM yard.parcel p, (SELECT 77::numeric AS wanted) w WHERE p.weight = w.wanted',
    cause: 'cast of a column',
    hint: /parcel\.weight is compared with a numeric/,
  },
  {
    problem: 'a table that nobody analysed',
    sql: 'SELECT count(*) FROM yard.unknown WHERE x = 5',
    cause: 'stale statistics',
    hint: /ANALYZE yard\.unknown/,
  },
];

describe.each(real)('Advice on queries, on %s', (_name, tier) => {
  let db: TestDatabase;
  let operator: OwnerSession;
  let report: QueryReport;
  const login = (user: string) => openOwnerSession(db.address as never, { user: db.role(user), password: db.password });
  beforeAll(async () => {
    db = await tier.open();
    operator = await login('operator');
    await db.admin.script(`CREATE SCHEMA yard;
      CREATE TABLE yard.parcel (id int PRIMARY KEY, weight int, sent timestamptz, addressee text, note text);
      INSERT INTO yard.parcel SELECT i, i % 5000, '2026-01-01'::timestamptz + i * interval '1 minute', 'a' || i || '@sea.example', repeat('x', 80)
        FROM generate_series(1, 30000) i;
      ANALYZE yard.parcel;
      CREATE TABLE yard.unknown (x int) WITH (autovacuum_enabled = off); INSERT INTO yard.unknown SELECT i FROM generate_series(1, 5000) i;
      GRANT USAGE ON SCHEMA yard TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA yard TO PUBLIC; SET work_mem = '64kB'`);
    for (const { sql } of asked) for (let turn = 0; turn < 3; turn += 1) await db.admin.query(sql);
    for (let turn = 0; turn < 600; turn += 1) await db.admin.query(`SELECT note FROM yard.parcel WHERE id = ${turn}`);
    await db.admin.query('SELECT store_id, sum(total_amount) FROM retail.order_items GROUP BY store_id');
    await db.admin.query('SELECT pg_stat_force_next_flush()');
    report = await adviseQueries({ session: operator, schemas: ['retail'], metrics: retailMetrics, most: 100 });
  }, 60_000);
  afterAll(async () => {
    await operator.close();
    await db.close();
  });

  const textOf = (sql: string) => sql.replace(/'[^']*'|\b\d+\b/g, '$').replace(/\s+/g, ' ');

  test.each(asked)('names the cause of $problem', ({ cause, hint }) => {
    const causes = report.statements.flatMap((statement) => statement.causes);
    expect(causes.filter((one) => one.cause === cause && hint.test(one.hint))).not.toEqual([]);
    expect(textOf(JSON.stringify(causes))).not.toContain(secret);
  });

  test('leaves a quick look-up by its key alone, however often it is asked, but for a cache', () => {
    const lookUp = report.statements.find(({ calls, text }) => calls >= 600 && text.includes('id = $1'));
    expect(lookUp?.causes.filter(({ cause }) => cause !== 'many calls')).toEqual([]);
  });

  test('says which rollup the metrics tool would have read', () => {
    const sum = report.statements.find(({ text }) => text.includes('sum(total_amount)') && text.includes('order_items'));
    expect(sum?.instead).toMatch(/the metrics tool answers revenue from retail\.sales_by/);
  });

  test('shows no literal of anybody', () => {
    expect(JSON.stringify(report)).not.toMatch(/canary|2026-01-05|5000\b.*OFFSET/);
  });

  test('says so where other logins’ statements are hidden from the one that asks', async () => {
    const owner = await adviseQueries({ session: db.owner, schemas: ['retail'] });
    expect(owner.notes.join()).toMatch(/statements of other logins are hidden: give POSTGRES_OPERATOR_URL/);
  });

  test('does without statistics that may not be read, or are not set up, and says what to do', async () => {
    const reader = await login('reader');
    expect((await adviseQueries({ session: reader, schemas: ['retail'] })).notes.join()).toMatch(/may not be read by this login/);
    await reader.close();
    await db.admin.script('DROP EXTENSION pg_stat_statements');
    const without = await adviseQueries({ session: operator, schemas: ['retail'] });
    expect(without).toEqual({ statements: [], notes: [expect.stringMatching(/not set up in this database/)] });
  });
});

describe('What keeping answers would spare', () => {
  const statement = { tree: { kind: 'SelectStmt', message: {} }, calls: 3600, meanMs: 2 } as never;
  const use = (changes: number) => [{ table: { writes: { inserted: changes, updated: 0, deleted: 0 } } }] as never;

  test('is every call but the first of each while, which is shorter the more a table changes', () => {
    expect(cachingOf(statement, use(0), 36_000)).toEqual({ ttl_s: 3600, spared_ms: (3600 - 10) * 2 });
    expect(cachingOf(statement, use(72), 36_000)).toEqual({ ttl_s: 250, spared_ms: (3600 - 144) * 2 });
  });

  test('is nothing where the table changes every minute', () => {
    expect(cachingOf(statement, use(3600), 36_000)).toBeUndefined();
  });
});
