import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/postgres/embedded-database.ts';
import { toFailure } from '../../src/postgres/embedded-worker.ts';

const endless = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r';

const open = (dataDir: string, timeoutMs?: number) =>
  openEmbeddedDatabase({
    dataDir,
    useScopeFunction: 'public.use_scope',
    serverRole: 'server',
    readerRole: (suffix) => suffix,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

describe('The embedded database', { timeout: 60_000 }, () => {
  let folder: string;
  let database: EmbeddedDatabase;
  const place = () => join(folder, 'data');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedded-'));
    database = await open(place(), 800);
    await database.session(null).script('CREATE ROLE server; CREATE TABLE kept (id int); GRANT SELECT, INSERT ON kept TO server');
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('is PostgreSQL 18', () => {
    expect([database.kind, database.serverMajor]).toEqual(['embedded', 18]);
  });

  test('the server’s statements run as its role, and their failures are internal', async () => {
    expect(await database.query('SELECT current_user AS me, $1::int + 1 AS n', [1])).toEqual([{ me: 'server', n: '2' }]);
    await expect(database.query('SELECT nonsense')).rejects.toMatchObject({ code: 'internal' });
    await expect(database.query('CREATE TABLE mine (id int)')).rejects.toMatchObject({ code: 'internal' });
  });

  test('a statement past its deadline costs the worker, and what was committed before is kept', async () => {
    await database.query('INSERT INTO kept VALUES (1)');
    const late = database.query(endless);
    const behind = database.query('SELECT id FROM kept');
    await expect(late).rejects.toMatchObject({ code: 'query_timeout' });
    expect(await behind).toEqual([{ id: '1' }]);
  });

  test('where opening it anew fails, the calls fail until it succeeds', async () => {
    const late = expect(database.query(endless)).rejects.toMatchObject({ code: 'query_timeout' });
    // By then it computes in memory and opens no file any more.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await rename(place(), `${place()}.away`);
    await writeFile(place(), 'no directory');
    await late;
    await expect(database.query('SELECT 1 AS one')).rejects.toThrow();
    await rm(place());
    await rename(`${place()}.away`, place());
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

  test('what is not PostgreSQL’s own report breaks the machine, which is made anew', async () => {
    // A value that cannot cross to the worker stands for every fault of that kind.
    const fault = database.query('SELECT 1', [(() => {}) as never]);
    await expect(fault).rejects.toMatchObject({ code: 'internal' });
    expect(await database.query('SELECT id FROM kept')).toEqual([{ id: '1' }]);
  });

  test('rows in bulk come in batches', async () => {
    const rows = Array.from({ length: 5001 }, (_, id) => [id + 10]);
    await database.session(null).copyRows('kept', [{ name: 'id', type: 'int4' }], rows);
    expect(await database.query('SELECT count(*) AS n FROM kept')).toEqual([{ n: '5002' }]);
    await database.session(null).close();
  });

  test('once closed it answers nobody', async () => {
    const other = await open('memory');
    await other.close();
    await expect(other.query('SELECT 1')).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await expect(other.session(null).query('SELECT 1')).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await other.close();
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
