import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adviseIndexes } from '../../src/advisor/advise-indexes.ts';
import { adviseQueries } from '../../src/advisor/advise-queries.ts';
import { isExplainable } from '../../src/advisor/explainable.ts';
import { shownText } from '../../src/advisor/shown-text.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { loadParser } from '../../src/query/guard-rules/parser.ts';
import { readStatementTree } from '../../src/query/statement-tree.ts';
import { type EmptyDatabase, embeddedTier, tiers } from '../support/databases.ts';

describe('A statement of somebody else', () => {
  beforeAll(() => loadParser());

  test.each([
    'SELECT 1; DROP TABLE a',
    'DROP TABLE a',
    'EXPLAIN ANALYZE DELETE FROM a',
    'CREATE TABLE b AS SELECT * FROM a',
    'COPY a TO PROGRAM $$rm$$',
    'DO $$BEGIN END$$',
    'SET ROLE other',
    'CALL p()',
    '',
    'SELECT \0',
    `SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`,
    `SELECT '${'x'.repeat(20_000)}'`,
    '<insufficient privilege>',
  ])('is not even looked at when it is %j', (sql) => {
    expect(readStatementTree(sql)).toBeUndefined();
  });

  const catalogue = {
    tables: [{ schema: 's', name: 'a' }],
    ownFunctions: new Set(['spy']),
    ownOperators: new Set(['@#@']),
  } as never;
  const explainable = (sql: string) => {
    const tree = readStatementTree(sql);
    return tree !== undefined && isExplainable(tree, catalogue);
  };

  test.each([
    'SELECT * FROM a WHERE spy(1) = x',
    'SELECT * FROM a WHERE s.spy(1) = x',
    'SELECT 1 @#@ 2 FROM a',
    'SELECT * FROM a_view',
    'DELETE FROM other.a',
    'SELECT * INTO b FROM a',
    'WITH w AS (INSERT INTO a_view VALUES (1) RETURNING 1) SELECT * FROM w',
    'WITH w AS (SELECT spy(1)) SELECT * FROM w, a',
  ])('is not explained when planning it could run foreign code: %s', (sql) => {
    expect(explainable(sql)).toBe(false);
  });

  test.each([
    'SELECT lower(x) FROM s.a',
    'WITH w AS (SELECT x FROM a) SELECT * FROM w',
    'UPDATE a SET x = 1 WHERE y = 2',
    'DELETE FROM a USING s.a AS b',
  ])('is explained when it is plain: %s', (sql) => {
    expect(explainable(sql)).toBe(true);
  });

  test('is shown in one line, without literals, comments and what a terminal obeys', () => {
    const tree = readStatementTree(
      `SELECT "a\u001b[2Jb" /* psst */ FROM a\nWHERE x = 'secret' AND y = 4711 AND z IN (1, 2) -- secret`,
    );
    const shown = tree && shownText(tree);
    expect(shown).toBe('SELECT "a [2Jb" FROM a WHERE x = $1 AND y = $2 AND z IN ($3, $4)');
  });
});

const [realTier] = tiers.filter((tier) => tier !== embeddedTier);

describe.skipIf(realTier === undefined)('A function in a counted statement, on a real server', () => {
  let db: EmptyDatabase;
  let operator: OwnerSession;
  beforeAll(async () => {
    db = await (realTier as NonNullable<typeof realTier>).openEmpty();
    operator = await openOwnerSession(db.address as never, { user: `${db.prefix}_operator`, password: db.password });
    await db.admin.script(`CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO PUBLIC;
      CREATE TABLE trap.bait (id int, note text); INSERT INTO trap.bait SELECT i, repeat('x', 90) FROM generate_series(1, 30000) i;
      GRANT SELECT ON trap.bait TO PUBLIC;
      -- A session's advisory lock outlives the transaction that is rolled back: it shows who ran this.
      CREATE FUNCTION trap.spy(n int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM pg_advisory_lock(471100); RETURN n; END $$;
      GRANT EXECUTE ON FUNCTION trap.spy(int) TO PUBLIC; ANALYZE trap.bait`);
    for (let turn = 0; turn < 10; turn += 1) await db.admin.query('SELECT note FROM trap.bait WHERE id = trap.spy(7)');
    await db.admin.query('SELECT pg_advisory_unlock_all()');
  });
  afterAll(async () => {
    await operator.close();
    await db.close();
  });

  const locks = () => db.admin.query("SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 471100");

  test('is never run by advice, though planning alone would run it', async () => {
    await operator.query('EXPLAIN SELECT note FROM trap.bait WHERE id = trap.spy(7)');
    const planned = await locks();
    await operator.query('SELECT pg_advisory_unlock_all()');
    await adviseIndexes({ session: operator, schemas: ['trap'], recommended: [] });
    const { statements } = await adviseQueries({ session: operator, schemas: ['trap'], most: 100 });
    expect(statements.some(({ text }) => text.includes('trap.spy($1)'))).toBe(true);
    expect({ planned: planned.length, advised: (await locks()).length }).toEqual({ planned: 1, advised: 0 });
  });

  test('and so is every statement left as it was: advice changes nothing and leaves nothing imagined', async (context) => {
    const [hypopg] = await operator.query("SELECT 1 AS there FROM pg_extension WHERE extname = 'hypopg'");
    context.skip(hypopg === undefined, 'there is no hypopg on this server');
    const [left] = await operator.query('SELECT count(*)::text AS count FROM extensions.hypopg()');
    expect(left?.count).toBe('0');
  });
});
