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
    const plain = await openPool(db, { address: wire.address, maxConnections: 1, prepareStatements: false });
    const ask = (text: string, scopeToken: string) =>
      plain.runAsTenant({ reader: 'reader', scopeToken, text, limits, timeoutMs: 5000 });
    await ask('SELECT 1', db.sign([1]));
    wire.take();
    const token = db.sign([1]);
    await ask('SELECT store_id FROM retail.orders LIMIT 1', token);
    const writes = wire.take();
    expect(writes.length).toBe(1);
    const messages = parseMessages(writes[0]!);
    expect(messages.map((message) => message.type).join('')).toBe('PBEPBEPBDEPBES');
    expect(parsedTexts(messages)).toEqual([
      'BEGIN READ ONLY',
      'SELECT retail.use_scope($1)',
      'SELECT store_id FROM retail.orders LIMIT 1',
      'ROLLBACK',
    ]);
    expect(messages.filter((message) => message.type === 'B' && message.text.includes(token)).length).toBe(1);
    // Nowhere but in that bind message: a token in a statement's text would show in logs and in pg_stat_activity.
    expect(messages.filter((message) => message.text.includes(token)).length).toBe(1);
    await plain.close();
  });

  test('has the frame prepared from the second call on, and the statement, columns included, from its third', async () => {
    const sql = "SELECT store_name FROM retail.stores WHERE store_name <> 'x' LIMIT 1";
    const shapes: string[] = [];
    for (let call = 0; call < 4; call += 1) {
      wire.take();
      expect((await ask(sql)).rows).toHaveLength(1);
      const writes = wire.take();
      shapes.push(
        writes
          .map((write) =>
            parseMessages(write)
              .map(({ type }) => type)
              .join(''),
          )
          .join(' | '),
      );
    }
    expect(shapes.slice(1)).toEqual(['BEBEPBDEBES', 'BEBEBEBES', 'BEBEBEBES']);
  });

  test('reads a volatile statement anew every time: a prepared one would keep the moment of its first call', async () => {
    const sql = "SELECT 'now'::timestamp = now()::timestamp AS of_this_call, 'a volatile one'";
    for (let call = 0; call < 4; call += 1) {
      const { rows } = await ask(sql, { volatile: true });
      expect(rows).toEqual([['t', 'a volatile one']]);
    }
  });

  test('names no statement that is very long: a hundred of them would fill a backend', async () => {
    const sql = `SELECT 1 WHERE '${'x'.repeat(5000)}' <> ''`;
    for (let call = 0; call < 3; call += 1) {
      wire.take();
      await ask(sql);
      const parsed = wire.take().flatMap((write) => parsedTexts(parseMessages(write)));
      expect(parsed).toContain(sql);
    }
  });

  test('keeps the connection where a statement asks for what PostgreSQL does not support', async () => {
    const pid = async () => (await ask('SELECT pg_backend_pid()')).rows[0]?.[0];
    const before = await pid();
    const unsupported = 'SELECT extract(timezone FROM order_date::timestamp) FROM retail.orders LIMIT 1';
    await expect(ask(unsupported)).rejects.toMatchObject({ code: 'query_failed', cause: { code: '0A000' } });
    expect(await pid()).toBe(before);
  });

  test('closes what a failed call had prepared, and prepares it anew', async () => {
    const sql = 'SELECT 1 / (SELECT count(*) - count(*) FROM retail.regions)';
    for (let call = 0; call < 3; call += 1) {
      wire.take();
      await expect(ask(sql)).rejects.toMatchObject({ code: 'query_failed' });
      const [, rollback = Buffer.alloc(0)] = wire.take();
      const types = parseMessages(rollback)
        .map(({ type }) => type)
        .join('');
      expect(types).toBe(call === 0 ? 'PBES' : 'CPBES');
    }
    await db.admin.script('GRANT EXECUTE ON FUNCTION pg_prepared_statement() TO PUBLIC');
    const own = await ask("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%count(*) - count(*)%'");
    // The question itself is the only one that says so.
    expect(Number(own.rows[0]?.[0])).toBeLessThanOrEqual(1);
  });

  test('gives up the names that nobody has used for long', async () => {
    await db.admin.script('GRANT EXECUTE ON FUNCTION pg_prepared_statement() TO PUBLIC');
    const many = await openPool(db, { maxConnections: 1 });
    const ask = (text: string) => many.runAsTenant({ reader: 'reader', scopeToken: db.sign([1]), text, limits, timeoutMs: 5000 });
    for (let index = 0; index < 130; index += 1) for (const _ of [1, 2]) await ask(`SELECT ${index} AS n`);
    const [[count] = []] = (await ask('SELECT count(*) FROM pg_prepared_statements')).rows;
    expect(Number(count)).toBeGreaterThan(50);
    expect(Number(count)).toBeLessThanOrEqual(101);
    await many.close();
  });

  test.each(['DEALLOCATE ALL', 'COMMIT; DEALLOCATE ALL'])('survives the loss of what was prepared: %s', async (loss) => {
    const sql = 'SELECT store_id FROM retail.stores LIMIT 1';
    for (let call = 0; call < 3; call += 1) await ask(sql);
    await ask(loss).catch(() => {});
    expect((await ask(sql)).rows).toHaveLength(1);
    expect((await ask(sql)).rows).toHaveLength(1);
  });

  test('survives that a prepared statement would give other columns than before', async () => {
    await db.admin.script(
      'CREATE TABLE public.changing (a int); GRANT SELECT ON public.changing TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC',
    );
    const sql = 'SELECT * FROM public.changing';
    for (let call = 0; call < 3; call += 1) await ask(sql);
    await db.admin.script('ALTER TABLE public.changing ADD COLUMN b int');
    expect((await ask(sql)).columns.map(({ name }) => name)).toEqual(['a', 'b']);
    await db.admin.script('DROP TABLE public.changing; REVOKE USAGE ON SCHEMA public FROM PUBLIC');
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
    expect(new Set([...types, 'C'])).toEqual(new Set(['P', 'B', 'D', 'E', 'S', 'C']));
  });

  test('takes one more ROLLBACK after an error, and none otherwise', async () => {
    wire.take();
    await expect(ask('SELECT 1/0')).rejects.toMatchObject({ code: 'query_failed' });
    const writes = wire.take();
    expect(parsedTexts(parseMessages(writes[0]!)).at(-1)).toBe('SELECT 1/0');
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
    expect(parsedTexts(wire.take().flatMap(parseMessages)).at(-1)).toBe('SELECT $1::text, $2::int[], $3::text[], $4::text');
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
