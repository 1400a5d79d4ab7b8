import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/postgres/database.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { limits, openPool, realTiers } from './real-servers.ts';
import { recordWire } from './wire-recorder.ts';

/** Runs until somebody stops it. */
const endless = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r';

/** The longest that the event loop was held meanwhile, in ms. */
async function longestPause<T>(work: Promise<T>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 10);
    last = performance.now();
  }, 10);
  await work.catch(() => {});
  clearInterval(timer);
  return longest;
}

onEveryDatabase('Stopping a statement', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('its deadline ends it, the process stays awake, and the next call is answered', async () => {
    const call = db.asStores([1], endless, { timeoutMs: 400 });
    const next = db.asStores([2], 'SELECT DISTINCT store_id FROM retail.orders', { timeoutMs: 15_000 });
    expect(await longestPause(call)).toBeLessThan(1000);
    await expect(call).rejects.toMatchObject({ code: 'query_timeout' });
    expect((await next).rows).toEqual([['2']]);
  });

  test('the caller’s going away ends it', async () => {
    const caller = new AbortController();
    const call = db.asStores([1], endless, { timeoutMs: 30_000, signal: caller.signal });
    setTimeout(() => caller.abort(), 300);
    await expect(call).rejects.toMatchObject({ code: 'query_timeout', message: 'The call was cancelled' });
    expect((await db.asStores([1], 'SELECT 1')).rows).toEqual([['1']]);
  });

  test('a caller who left before the call began costs nothing', async () => {
    await expect(db.asStores([1], endless, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'query_timeout' });
    expect((await db.asStores([1], 'SELECT 1')).rows).toEqual([['1']]);
  });
});

describe.each(realTiers)('Stopping a statement in the database, on $name', (tier) => {
  let db: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    db = await tier.open();
    database = await openPool(db, { maxConnections: 1, acquireTimeoutMs: 2000 });
  });
  afterAll(async () => {
    await database.close();
    await db.close();
  });

  const ask = (text: string, changes = {}, on = database) =>
    on.runAsTenant({ reader: 'reader', scopeToken: db.sign([1]), text, limits, timeoutMs: 5000, ...changes });
  const busy = async () =>
    Number(
      (
        await db.admin.query(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE usename = $1 AND datname = current_database() AND state <> 'idle'",
          [db.role('reader')],
        )
      )[0]?.n,
    );

  test('within a second of the deadline no backend works on it any more', async () => {
    await expect(ask(endless, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'query_timeout' });
    await expect.poll(busy, { timeout: 1000 }).toBe(0);
  });

  test('within a second of the caller’s leaving no backend works on it any more', async () => {
    const caller = new AbortController();
    const call = ask(endless, { signal: caller.signal });
    await expect.poll(busy, { timeout: 2000 }).toBe(1);
    caller.abort();
    await expect(call).rejects.toMatchObject({ code: 'query_timeout' });
    await expect.poll(busy, { timeout: 1000 }).toBe(0);
  });

  test('a connection that was asked to stop never serves another caller, who could meet the late request', async () => {
    const pid = async () => (await ask('SELECT pg_backend_pid()')).rows[0]?.[0];
    const before = await pid();
    await expect(ask(endless, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'query_timeout' });
    const after = await pid();
    expect(after).not.toBe(before);
    expect(await pid()).toBe(after);
  });

  test('calls that end close to their deadline never harm the calls after them', async () => {
    for (let turn = 0; turn < 25; turn += 1) {
      const slow = ask(`SELECT count(*) FROM generate_series(1, ${20_000 + turn * 4000})`, { timeoutMs: 8 });
      await slow.catch((error) => expect(error).toMatchObject({ code: 'query_timeout' }));
      expect((await ask('SELECT count(*) FROM generate_series(1, 100000)')).rows).toEqual([['100000']]);
    }
  });

  test('a caller who leaves the queue does not take the place of the others', async () => {
    const holder = ask('SELECT count(*) FROM generate_series(1, 3000000)');
    const caller = new AbortController();
    const leaving = ask('SELECT 1', { signal: caller.signal });
    const staying = ask('SELECT 2');
    caller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'query_timeout', message: 'The call was cancelled while it waited' });
    expect((await staying).rows).toEqual([['2']]);
    expect((await holder).rows).toEqual([['3000000']]);
  });

  test('a server that hears nothing any more costs the connection, not the process', async () => {
    const wire = await recordWire(db.address!);
    const cut = await openPool(db, { address: wire.address, maxConnections: 1 });
    await ask('SELECT 1', {}, cut);
    wire.swallow();
    await expect(ask('SELECT 1', { timeoutMs: 200 }, cut)).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await cut.close();
    await wire.close();
  });
});
