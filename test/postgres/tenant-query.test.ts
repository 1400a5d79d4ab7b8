import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/postgres/database.ts';
import type { TestDatabase } from '../support/databases.ts';
import { limits, openPool, realTiers } from './real-servers.ts';
import { parsedTexts, parseMessages, recordWire } from './wire-recorder.ts';

describe.each(realTiers)('A tenant’s call on the wire, on $name', (tier) => {
  let db: TestDatabase;
  let wire: Awaited<ReturnType<typeof recordWire>>;
  let database: Database;
  beforeAll(async () => {
    db = await tier.open();
    wire = await recordWire(db.address!);
    database = await openPool(db, { address: wire.address, maxConnections: 1 });
  });
  afterAll(async () => {
    await database.close();
    await wire.close();
    await db.close();
  });

  const ask = (text: string, changes = {}) =>
    database.runAsTenant({ reader: 'reader', scopeToken: db.sign([1]), text, limits, timeoutMs: 5000, ...changes });

  test('is one write after the connection is made: read-only transaction, scope, statement, rollback, one Sync', async () => {
    await ask('SELECT 1');
    wire.take();
    const token = db.sign([1]);
    await ask('SELECT store_id FROM retail.orders LIMIT 1', { scopeToken: token });
    const writes = wire.take();
    expect(writes.length).toBe(1);
    const messages = parseMessages(writes[0]!);
    expect(messages.map((message) => message.type).join('')).toBe('PBDEPBDEPBDEPBDES');
    expect(parsedTexts(messages)).toEqual([
      'BEGIN READ ONLY',
      'SELECT retail.use_scope($1)',
      'SELECT store_id FROM retail.orders LIMIT 1',
      'ROLLBACK',
    ]);
    expect(messages.filter((message) => message.type === 'B' && message.text.includes(token)).length).toBe(1);
    // Nowhere but in that bind message: a token in a statement's text would show in logs and in pg_stat_activity.
    expect(messages.filter((message) => message.text.includes(token)).length).toBe(1);
  });

  test('never travels by the simple protocol, whatever it says', async () => {
    wire.take();
    for (const sql of ['SELECT 1', 'SELECT 1; COMMIT; SELECT 2', 'SELEC', 'COMMIT', '', 'BEGIN', 'SELECT 1/0', 'DISCARD ALL'])
      await ask(sql).catch(() => {});
    const types = wire
      .take()
      .flatMap(parseMessages)
      .map((message) => message.type);
    expect(types.length).toBeGreaterThan(50);
    expect(types).not.toContain('Q');
    expect(new Set(types)).toEqual(new Set(['P', 'B', 'D', 'E', 'S']));
  });

  test('takes one more ROLLBACK after an error, and none otherwise', async () => {
    wire.take();
    await expect(ask('SELECT 1/0')).rejects.toMatchObject({ code: 'query_failed' });
    const writes = wire.take();
    expect(parsedTexts(parseMessages(writes[0]!))[2]).toBe('SELECT 1/0');
    expect(parsedTexts(writes.slice(1).flatMap(parseMessages))).toEqual(['ROLLBACK']);
    await ask('SELECT 1');
    expect(wire.take().length).toBe(1);
  });

  test('leaves the connection as it found it', async () => {
    const state = 'SELECT pg_backend_pid(), current_setting($$search_path$$), current_setting($$transaction_read_only$$)';
    const before = await ask(state);
    for (const sql of ['SET search_path = x', 'COMMIT', 'SELECT 1/0', 'BEGIN', 'SET ROLE NONE', 'SAVEPOINT a', 'SET TIME ZONE 5'])
      await ask(sql).catch(() => {});
    expect((await ask(state)).rows).toEqual(before.rows);
    const [session] = await db.admin.query('SELECT state, xact_start::text FROM pg_stat_activity WHERE pid = $1', [
      before.rows[0]?.[0] ?? null,
    ]);
    expect(session).toEqual({ state: 'idle', xact_start: null });
  });

  test('sends values beside the text', async () => {
    wire.take();
    const result = await ask('SELECT $1::text, $2::int[], $3::text[], $4::text', {
      values: ["O'Brien", [1, null, 3], ['a "b"', 'c\\d', null], null],
    });
    expect(result.rows).toEqual([["O'Brien", '{1,NULL,3}', '{"a \\"b\\"","c\\\\d",NULL}', null]]);
    expect(parsedTexts(wire.take().flatMap(parseMessages))[2]).toBe('SELECT $1::text, $2::int[], $3::text[], $4::text');
  });

  test('a COPY out of or into the connection ends with the call', async () => {
    expect((await ask('COPY (SELECT 1) TO STDOUT')).rows).toEqual([]);
    await expect(ask('COPY retail.regions FROM STDIN')).rejects.toMatchObject({ code: 'query_failed' });
    expect((await ask('SELECT 1')).rows).toEqual([['1']]);
  });

  test('a text with a NUL in it fails alone', async () => {
    await expect(ask('SELECT 1\0 garbage')).rejects.toThrow();
    expect((await ask('SELECT 1')).rows).toEqual([['1']]);
  });

  test('the server’s own statements travel by the extended protocol too', async () => {
    wire.take();
    await database.query('SELECT 1 AS one');
    const types = wire
      .take()
      .flatMap((write) => (write[0] === 0 ? [] : parseMessages(write)))
      .map((message) => message.type);
    expect(types).toContain('P');
    expect(types).not.toContain('Q');
  });
});
