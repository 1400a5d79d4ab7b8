import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SchemaDefinition } from '../../src/core/schema-definition.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { constantNumber, intervalSeconds } from '../../src/query/guard-rules/constants.ts';
import {
  allowedFunctions,
  functionColumns,
  rowFunctions,
  textFunctions,
  trigramFunctions,
  volatileFunctions,
} from '../../src/query/guard-rules/functions.ts';
import { as, listOf } from '../../src/query/guard-rules/tree.ts';
import { allowedCollations, allowedOperators, allowedTypes } from '../../src/query/guard-rules/types-and-operators.ts';
import { parseSelect } from '../../src/query/parse-sql.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailQueries } from '../support/corpus/retail-queries.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { openGuarded } from '../support/guarded-database.ts';

/** Functions whose definition says less than what they do. */
const runsText =
  /xml|^ts_stat$|^ts_rewrite$|^(set_config|current_setting|nextval|setval|currval|lastval)$|^(pg|lo|txid|has|inet)_|^dblink/;

onEveryDatabase('the lists of the guard', (tier) => {
  let db: TestDatabase;
  let guard: Guard;
  beforeAll(async () => {
    ({ db, guard } = await openGuarded(tier));
  });
  afterAll(() => db.close());

  const names = (set: ReadonlySet<string>) => `{${[...set].map((name) => `"${name.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

  test('name functions that exist, or did not yet in this major', async () => {
    const rows = await db.admin.query(
      "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1::text[])",
      [names(allowedFunctions)],
    );
    const known = new Set(rows.map((row) => row.proname));
    const missing = [...allowedFunctions].filter((name) => !known.has(name) && !trigramFunctions.has(name));
    if (db.database.serverMajor >= 18) expect(missing).toEqual([]);
    else expect(missing.length).toBeLessThan(30);
  });

  test('name no function that runs with the rights of its owner, is written in a procedural language or runs text', async () => {
    const rows = await db.admin.query(
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
       WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ($1::text[])
         AND (p.prosecdef OR l.lanname NOT IN ('internal', 'c', 'sql') OR p.prokind NOT IN ('f', 'a', 'w'))`,
      [names(allowedFunctions)],
    );
    expect(rows).toEqual([]);
    expect([...allowedFunctions].filter((name) => runsText.test(name))).toEqual([]);
  });

  test('name no function that takes an object of the catalogue, an internal value or a row type', async () => {
    const rows = await db.admin.query(
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc p, unnest(p.proargtypes) AS argument
       WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ($1::text[])
         AND argument::regtype::text ~ '^(reg(class|proc|procedure|oper|operator|role|namespace|type|dictionary|collation)|internal|cstring|refcursor|trigger)'`,
      [names(allowedFunctions)],
    );
    expect(rows).toEqual([]);
  });

  test('call volatile what pg_proc calls volatile, and the clock', async () => {
    const rows = await db.admin.query(
      `SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND proname = ANY ($1::text[])`,
      [names(allowedFunctions)],
    );
    expect(rows.map((row) => row.proname).filter((name) => !volatileFunctions.has(name ?? ''))).toEqual([]);
    for (const name of ['now', 'statement_timestamp', 'transaction_timestamp', 'clock_timestamp', 'timeofday', 'random']) {
      expect(guard.approve(`SELECT ${name}()`, retailDefinition.readerRoles[0]!).volatile).toBe(true);
    }
    expect([...textFunctions].filter((name) => !allowedFunctions.has(name))).toEqual([]);
  });

  test('name every function that may give the row of a table in FROM', async () => {
    const rows = await db.admin.query(
      `SELECT DISTINCT proname FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype
       WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'w' AND proname = ANY ($1::text[]) AND proargmodes IS NULL
         AND (t.typtype = 'c' OR t.typname IN ('anyelement', 'anycompatible', 'anynonarray', 'anycompatiblenonarray'))`,
      [names(allowedFunctions)],
    );
    // The bounds of a range are elements of it, and there are no ranges of rows
    expect(new Set(rows.map((row) => row.proname))).toEqual(new Set([...rowFunctions, 'lower', 'upper']));
  });

  test('name the columns of functions as their OUT parameters do', async () => {
    const rows = await db.admin.query(
      `SELECT proname, array_to_json(ARRAY(SELECT proargnames[n] FROM generate_subscripts(proargmodes, 1) n WHERE proargmodes[n] IN ('o', 't')))::text AS columns
       FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proargmodes IS NOT NULL AND proname = ANY ($1::text[])
         AND proargmodes && '{o,t}'::"char"[] AND NOT (proname = 'unnest')`,
      [names(allowedFunctions)],
    );
    const known = Object.fromEntries(rows.map((row) => [row.proname, JSON.parse(row.columns ?? '[]')]));
    expect(Object.fromEntries(functionColumns)).toEqual(known);
  });

  test('name operators that exist, each one plain', async () => {
    const rows = await db.admin.query(
      `SELECT DISTINCT o.oprname, bool_or(p.prosecdef OR l.lanname NOT IN ('internal', 'c', 'sql') OR p.provolatile = 'v') AS odd
       FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_language l ON l.oid = p.prolang GROUP BY 1`,
    );
    const known = new Map(rows.map((row) => [row.oprname, row.odd]));
    const trigram = new Set(['%>', '%>>', '<%', '<<%', '<->>', '<<->', '<->>>', '<<<->']);
    expect([...allowedOperators].filter((name) => !known.has(name) && !trigram.has(name))).toEqual([]);
    expect([...allowedOperators].filter((name) => known.get(name) === 't')).toEqual([]);
  });

  test('name types that are values and nothing of the catalogue', async () => {
    const rows = await db.admin.query(
      "SELECT typname, typtype FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typname = ANY ($1::text[])",
      [names(allowedTypes)],
    );
    expect(rows.length).toBe(allowedTypes.size);
    expect(rows.filter((row) => !['b', 'r', 'm'].includes(row.typtype ?? ''))).toEqual([]);
    expect([...allowedTypes].filter((name) => /^_?(reg|oid|xid|cid$|tid|pg_|xml|name|acl|record)/.test(name))).toEqual([]);
    expect(allowedCollations.has('C')).toBe(true);
  });

  test('call constant only what PostgreSQL makes the very same number of', async () => {
    const literals = [
      ...[
        '1',
        '3',
        '40',
        '1000',
        '123456',
        '2.5',
        '1e3',
        '.5',
        '0x7fffffff',
        '1_000',
        '1_000_000_000_000',
        "'12'",
        "' -1.5 '",
        '4999999999999999.5',
      ],
      ...['9007199254740993', '100000000000000000000000000001', '1.00000000000000000001', '0.3', '5e18'],
    ];
    const casts = ['', '::int', '::int8', '::numeric', '::numeric(30, -16)', '::numeric(3, 1)', '::float4', '::float8'];
    const terms = literals.flatMap((literal) => casts.map((cast) => `(${literal})${cast}`));
    const pairs = terms.flatMap((term, n) =>
      ['+', '-', '*'].map((operator, m) => `(${term} ${operator} ${terms[(n * 37 + m * 11) % terms.length]})`),
    );
    const counted = [...terms, ...pairs, ...pairs.map((pair, n) => `-${pair} - ${literals[n % literals.length]}`)].flatMap(
      (sql) => {
        const value = constantNumber(as('ResTarget', listOf(parseSelect(`SELECT ${sql}`).targetList)[0])?.val);
        return value === undefined ? [] : [{ sql, value }];
      },
    );
    const others: string[] = [];
    for (const { sql, value } of counted) {
      // What PostgreSQL refuses to calculate is harmless
      const [row] = await db.admin.query(`SELECT (${sql})::numeric AS value`).catch(() => []);
      if (row !== undefined && Number(row.value) !== value) others.push(`${sql} is ${row.value}, not ${value}`);
    }
    expect(others).toEqual([]);
    expect(counted.length).toBeGreaterThan(90);
  });

  test('take no interval for longer than PostgreSQL does', async () => {
    const units = `us usec microsecond ms msec millisecond s sec secs second seconds m min mins minute minutes h hr hrs hour hours d
      day days w week weeks mon mons month months qtr quarter y yr yrs year years dec decade c cent century mil millennium`;
    const texts = units.split(/\s+/).flatMap((unit) => [`1 ${unit}`, `-3${unit}`, `1 day 2 ${unit}`]);
    const longer: string[] = [];
    for (const text of [...texts, '01:30', '-00:00:30', '100000:00']) {
      const seconds = intervalSeconds(text);
      if (seconds === undefined) continue;
      const [row] = await db.admin.query(`SELECT extract(epoch FROM interval '${text}') AS seconds`).catch(() => []);
      if (row !== undefined && Math.abs(seconds) > Math.abs(Number(row.seconds)))
        longer.push(`${text}: ${row.seconds}, not ${seconds}`);
    }
    expect(longer).toEqual([]);
  });

  test('let every honest query run as the reader', async () => {
    const failures: string[] = [];
    for (const sql of retailQueries) {
      if (db.database.serverMajor < 17 && /JSON_VALUE|JSON_TABLE/.test(sql)) continue;
      const { text } = guard.approve(sql, retailDefinition.readerRoles[0]!);
      await db
        .asStores([1, 2], text)
        .catch((error) => failures.push(`${sql}\n  ${text}\n  ${error.message} ${error.cause ?? ''}`));
    }
    expect(failures).toEqual([]);
  });

  test('leave the plan of every honest query as PostgreSQL reads the original', async () => {
    const open: SchemaDefinition = {
      ...retailDefinition,
      relations: retailDefinition.relations.map((relation) => ({
        ...relation,
        columns: relation.columns.map(({ readableWith: _, ...column }) => column),
      })),
    };
    const openGuard = await createGuard({ definition: open, serverMajor: db.database.serverMajor });
    const plan = async (sql: string) => {
      const lines = await db.admin.query(`EXPLAIN (VERBOSE, COSTS OFF) ${sql}`);
      return lines.map((line) => line['QUERY PLAN']?.replace(/unnamed_subquery_\d+/g, 'unnamed_subquery')).join('\n');
    };
    await db.admin.query(`SET search_path = ${retailDefinition.schema}`);
    const changed: string[] = [];
    for (const sql of retailQueries) {
      if (db.database.serverMajor < 17 && /JSON_VALUE|JSON_TABLE/.test(sql)) continue;
      const { text } = openGuard.approve(sql, retailDefinition.readerRoles[0]!);
      if ((await plan(sql.replace(/;\s*$/, ''))) !== (await plan(text))) changed.push(`${sql}\n  ${text}`);
    }
    expect(changed).toEqual([]);
  });
});
