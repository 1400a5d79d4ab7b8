import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/postgres/embedded-database.ts';
import { toFailure } from '../../src/postgres/embedded-worker.ts';

const endless = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r';

const open = (changes: { template?: Uint8Array; timeoutMs?: number } = {}) =>
  openEmbeddedDatabase({
    dataDir: 'memory',
    useScopeFunction: 'public.use_scope',
    serverRole: 'server',
    readerRole: (suffix) => suffix,
    ...changes,
  });

describe('The embedded database', { timeout: 60_000 }, () => {
  let template: Uint8Array;
  let database: EmbeddedDatabase;
  beforeAll(async () => {
    const first = await open();
    await first.session(null).script('CREATE ROLE server; CREATE TABLE kept (id int); GRANT SELECT, INSERT ON kept TO server');
    await first.session(null).script('INSERT INTO kept VALUES (1)');
    // Unpacked, since the database is opened from it again and again.
    template = new Uint8Array(gunzipSync(await first.dump()));
    await first.close();
    await expect(first.query('SELECT 1')).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await expect(first.session(null).query('SELECT 1')).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await first.close();
    database = await open({ template, timeoutMs: 4000 });
  });
  afterAll(() => database.close());

  test('is PostgreSQL 18', () => {
    expect([database.kind, database.serverMajor]).toEqual(['embedded', 18]);
  });

  test('the server’s statements run as its role, and their failures are internal', async () => {
    expect(await database.query('SELECT current_user AS me, $1::int + 1 AS n', [1])).toEqual([{ me: 'server', n: '2' }]);
    await expect(database.query('SELECT nonsense')).rejects.toMatchObject({ code: 'internal' });
    await expect(database.query('CREATE TABLE mine (id int)')).rejects.toMatchObject({ code: 'internal' });
  });

  test('a statement past its deadline costs the worker, and who waits behind it is answered by the next', async () => {
    const late = expect(database.query(endless)).rejects.toMatchObject({ code: 'query_timeout' });
    const behind = database.query('SELECT id FROM kept');
    await late;
    expect(await behind).toEqual([{ id: '1' }]);
  });

  test('where opening it anew fails, the calls fail until it succeeds', async () => {
    const good = template.slice();
    template.fill(0);
    await expect(database.query(endless)).rejects.toMatchObject({ code: 'query_timeout' });
    await expect(database.query('SELECT 1 AS one')).rejects.toThrow();
    template.set(good);
    expect(await database.query('SELECT id FROM kept')).toEqual([{ id: '1' }]);
  });

  test('a caller who leaves while it is opened anew never gets to it', async () => {
    const caller = new AbortController();
    const late = expect(database.query(endless)).rejects.toMatchObject({ code: 'query_timeout' });
    const leaving = database.runAsTenant({
      reader: 'server',
      scopeToken: '',
      text: 'SELECT 1',
      limits: { maxRows: 1, maxBytes: 1 },
      timeoutMs: 5000,
      signal: caller.signal,
    });
    const outcome = expect(leaving).rejects.toMatchObject({ code: 'query_timeout', message: 'The call was cancelled' });
    await late;
    setImmediate(() => caller.abort());
    await outcome;
  });

  test('what PostgreSQL did not report itself is internal, and the machine is made anew', async () => {
    // A value that cannot cross to the worker stands for every fault of that kind.
    await expect(database.query('SELECT $1', [(() => {}) as never])).rejects.toMatchObject({ code: 'internal' });
    expect(await database.query('SELECT id FROM kept')).toEqual([{ id: '1' }]);
  });

  test('rows in bulk come in batches', async () => {
    const rows = Array.from({ length: 5001 }, (_, id) => [id + 10]);
    await database.session(null).copyRows('kept', [{ name: 'id', type: 'int4' }], rows);
    expect(await database.query('SELECT count(*) AS n FROM kept')).toEqual([{ n: '5002' }]);
    await database.session(null).close();
  });
});

test('a failure crosses the thread with PostgreSQL’s fields, a full disk by its name, and anything else as text', () => {
  const error = Object.assign(new Error('m'), { code: '42601', hint: 'h', position: '3', detail: 'd', other: 1 });
  expect(toFailure(error)).toEqual({ message: 'm', fields: { code: '42601', hint: 'h', position: '3', detail: 'd' } });
  expect(toFailure('text')).toEqual({ message: 'text', fields: {} });
  expect(toFailure(undefined)).toEqual({ message: 'undefined', fields: {} });
  expect(toFailure({ name: 'ErrnoError', errno: 51 })).toEqual({ message: 'ErrnoError 51', fields: { code: 'ENOSPC' } });
  expect(toFailure({ name: 'ErrnoError', errno: 2 })).toEqual({ message: 'ErrnoError 2', fields: {} });
});
