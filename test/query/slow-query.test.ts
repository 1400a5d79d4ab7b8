import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createExecute } from '../../src/query/execute.ts';
import { createGuard } from '../../src/query/guard.ts';
import { createRunQuery } from '../../src/query/run-query.ts';
import { createSlowQueryWatch, type SlowQueryWatch } from '../../src/query/slow-query.ts';
import { loadTypeCatalog } from '../../src/query/type-catalog.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, principalFor } from '../support/databases.ts';
import { handClock } from '../support/hand-clock.ts';

let noted: Observation[];
let watch: SlowQueryWatch;
beforeEach(async () => {
  noted = [];
  watch = await createSlowQueryWatch({ thresholdMs: 1000, note: (observation) => noted.push(observation) });
});

const sql = "SELECT email FROM customers WHERE last_name = 'Miller' /* ask Ms Miller */";
const text = "SELECT email FROM retail.customers WHERE last_name = 'Miller' AND customers.store_id = 7";
const rows = { rowCount: 3 };

describe('A statement', () => {
  test('over the threshold is one event, without its literals and comments', () => {
    watch({ sql, text, requestId: 'r1', durationMs: 1200.4, outcome: rows });
    expect(noted).toEqual([
      {
        kind: 'slow_query',
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        text: 'SELECT email FROM retail.customers WHERE last_name = $1 AND customers.store_id = $2',
        durationMs: 1200,
        rowCount: 3,
        requestId: 'r1',
      },
    ]);
  });

  test('at the threshold or below is none', () => {
    for (const durationMs of [900, 1000]) watch({ sql, text, durationMs, outcome: rows });
    expect(noted).toEqual([]);
  });

  test('that differs in its literals alone has the same fingerprint, and another has another', () => {
    for (const each of [sql, sql.replaceAll('Miller', 'Smith'), 'SELECT 1'])
      watch({ sql: each, text, durationMs: 2000, outcome: rows });
    const [first, second, third] = noted.map((told) => (told.kind === 'slow_query' ? told.fingerprint : ''));
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('is cut at 200 characters, and named unreadable where it cannot be read', () => {
    watch({ sql, text: `SELECT ${'store_id, '.repeat(40)} 'Miller' FROM retail.orders`, durationMs: 2000, outcome: rows });
    watch({ sql, text: "SELECT 'Miller", durationMs: 2000, outcome: rows });
    const texts = noted.map((told) => (told.kind === 'slow_query' ? told.text : ''));
    expect(texts[0]).toHaveLength(200);
    expect(texts[1]).toBe('unreadable');
  });

  test('that was stopped for its length is told, and one that only waited for the database is not', () => {
    const failures = ['query_timeout', 'overloaded', 'dependency_unavailable', 'query_failed'] as const;
    for (const code of failures) watch({ sql, text, durationMs: 5000, outcome: { error: new AppError(code, 'no') } });
    watch({ sql, text, durationMs: 5000, outcome: { error: new Error('odd') } });
    expect(noted).toMatchObject([{ kind: 'slow_query', rowCount: 0 }]);
  });
});

onEveryDatabase('A caller’s statement', (tier) => {
  test('that takes 1.2 s is told once, under its request id, and one that takes 0.9 s is not', async () => {
    const db = await tier.open();
    const clock = handClock();
    const execute = createExecute({ database: db.database, signScope: db.sign, maxRows: 10, maxBytes: 10_000, timeoutMs: 5000 });
    let tookMs = 900;
    const runQuery = createRunQuery({
      definition: retailDefinition,
      guard: await createGuard({ definition: retailDefinition, serverMajor: db.database.serverMajor }),
      execute: async (...given) => {
        const result = await execute(...given);
        clock.advance(tookMs);
        return result;
      },
      types: await loadTypeCatalog(db.database),
      labelColumns: () => [],
      watch,
      maxBytes: 10_000,
      clock,
    });
    const principal = await principalFor(db.database, 'store_manager', [1]);
    const asked = "SELECT store_id FROM orders WHERE order_date > DATE '2020-02-03' ORDER BY order_id LIMIT 2";
    await runQuery({ sql: asked, principal, requestId: 'fast' });
    expect(noted).toEqual([]);
    tookMs = 1200;
    await runQuery({ sql: asked, principal, requestId: 'slow' });
    expect(noted).toMatchObject([{ kind: 'slow_query', requestId: 'slow', rowCount: 2, durationMs: 1200 }]);
    expect(JSON.stringify(noted)).not.toMatch(/2020|LIMIT 2/);
    await expect(runQuery({ sql: 'SELECT 1 / (store_id - store_id) FROM orders', principal })).rejects.toMatchObject({
      code: 'query_failed',
    });
    expect(noted).toHaveLength(1);
    await db.close();
  });
});
