import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTableVersions } from '../../src/cache/table-versions.ts';
import { systemClock } from '../../src/core/clock.ts';
import {
  parseChange,
  startTableListener,
  type TableListenerOptions,
  watchEmbeddedTables,
} from '../../src/postgres/table-listener.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { type TestDatabase, tiers } from '../support/databases.ts';
import { type Line, lineTo, until } from '../support/redis.ts';
import { realTiers } from './real-servers.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const touch = 'UPDATE retail.regions SET region_name = region_name';

describe.each(realTiers.map((tier) => [tier.name, tier] as const))('The listener, on %s', (_name, tier) => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = await tier.open();
    open.push(db);
  });

  /** One replica's knowledge of the tables. */
  function replica(changes: Partial<TableListenerOptions> = {}) {
    const versions = createTableVersions({ definition: retailDefinition, clock: systemClock });
    const failures: unknown[] = [];
    let returns = 0;
    const listener = startTableListener({
      address: db.address!,
      login: { user: db.role('server'), password: db.password },
      channel: 'zava_table_changed',
      sink: versions,
      onFailure: (error) => failures.push(error),
      onReturn: () => {
        returns += 1;
      },
      retryMs: { first: 20, last: 50 },
      ...changes,
    });
    open.push(listener);
    return { versions, failures, listener, returns: () => returns };
  }
  const trusted = (of: ReturnType<typeof replica>) => until('the versions are known', () => of.versions.trusted());
  const backends = async () =>
    Number(
      (
        await db.admin.query(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name LIKE '% listener' AND datname = current_database()",
        )
      )[0]?.n,
    );
  const cutListener = () =>
    db.admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '% listener' AND datname = current_database()",
    );

  test('every replica knows of a commit within 100 ms, and of a rollback never', async () => {
    const replicas = [replica(), replica(), replica()];
    for (const one of replicas) await trusted(one);
    const stamps = () => replicas.map(({ versions }) => versions.stamp(['regions']));
    const before = stamps();
    await db.owner.script(`BEGIN; ${touch}; ROLLBACK`);
    const delays: number[] = [];
    for (let change = 0; change < 5; change += 1) {
      const old = stamps();
      await db.owner.query(touch);
      const committed = performance.now();
      while (stamps().some((stamp, index) => stamp === old[index])) await new Promise((resolve) => setTimeout(resolve, 1));
      delays.push(performance.now() - committed);
    }
    const [row] = await db.owner.query("SELECT version FROM ops.table_versions WHERE table_name = 'regions'");
    expect(stamps()).toEqual(replicas.map(() => `[["regions","${row?.version}"]]`));
    expect(before[0]).toBe(`[["regions","${Number(row?.version) - 5}"]]`);
    expect(delays.toSorted((a, b) => a - b)[2]).toBeLessThan(100);
  });

  test('nothing is trusted while the connection is cut; on its return all is read again, also what changed meanwhile', async () => {
    const one = replica({ retryMs: { first: 300, last: 300 } });
    await trusted(one);
    const before = one.versions.stamp(['regions']);
    await cutListener();
    await until('the loss is noticed', () => !one.versions.trusted());
    expect(one.versions.stamp(['regions'])).toBeUndefined();
    await db.owner.query(touch);
    await trusted(one);
    expect(one.versions.stamp(['regions'])).not.toBe(before);
    expect(one.failures.length).toBe(1);
    expect(one.returns()).toBe(1);
  });

  test('a server that goes away and comes back is found again, and the outage is told of once', async () => {
    const line: Line = await lineTo(`postgres://${db.address!.host}:${db.address!.port}/`);
    open.push(line);
    const one = replica({ address: { ...db.address!, port: Number(new URL(line.url).port) } });
    await trusted(one);
    await line.cut();
    await until('the loss is noticed', () => !one.versions.trusted());
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(one.failures.length).toBe(1);
    await line.restore();
    await trusted(one);
    expect(one.returns()).toBe(1);
  });

  test('a peer that goes silent is found by its missing answer', async () => {
    const line: Line = await lineTo(`postgres://${db.address!.host}:${db.address!.port}/`);
    open.push(line);
    const address = { ...db.address!, port: Number(new URL(line.url).port) };
    const one = replica({ address, heartbeatMs: 50, answerMs: 100 });
    await trusted(one);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(one.versions.trusted()).toBe(true);
    line.hang();
    const hung = performance.now();
    await until('the loss is noticed', () => !one.versions.trusted());
    expect(performance.now() - hung).toBeLessThan(1000);
    expect(String(one.failures[0])).toContain('no answer within 100 ms');
  });

  test('closing ends its connection, also one that was never made', async () => {
    const one = replica();
    await trusted(one);
    expect(await backends()).toBe(1);
    await one.listener.close();
    await until('the connection is gone', async () => (await backends()) === 0);
    expect(one.versions.trusted()).toBe(false);
    expect(one.failures).toEqual([]);

    const refused = replica({ address: { ...db.address!, port: 1 } });
    await until('it has failed', () => refused.failures.length > 0);
    await refused.listener.close();
    const early = replica();
    await early.listener.close();
    expect(early.versions.trusted()).toBe(false);
  });

  test('hears its own channel alone, and heeds only what a trigger would say', async () => {
    const one = replica();
    await trusted(one);
    const before = one.versions.stamp(['regions', 'orders']);
    await db.owner.script(
      "NOTIFY another_channel, 'regions:99'; NOTIFY zava_table_changed, 'nonsense'; NOTIFY zava_table_changed",
    );
    await db.owner.query(touch);
    await until('the change is known', () => one.versions.stamp(['regions', 'orders']) !== before);
    expect(one.versions.stamp(['regions'])).not.toContain('99');
  });
});

test('a message is a table and a version', () => {
  expect(parseChange('orders:17')).toEqual({ table: 'orders', version: '17' });
  expect(parseChange('a:b:3')).toEqual({ table: 'a:b', version: '3' });
  expect([undefined, '', 'orders', 'orders:', ':1', 'orders:x', 'orders:-1'].map(parseChange)).toEqual(Array(7).fill(undefined));
});

describe('On the embedded database', () => {
  test('the owner’s writes take the versions away while they last, and change them', async () => {
    const db = await tiers.find(({ name }) => name === 'the embedded database')!.open();
    open.push(db);
    const versions = createTableVersions({ definition: retailDefinition, clock: systemClock });
    const { watched } = await watchEmbeddedTables(db.database, versions);
    const owner = watched(db.owner);
    const before = versions.stamp(['regions']);
    expect(before).toBeDefined();
    const writes = [owner.query(touch), owner.script(touch)];
    expect(versions.stamp(['regions'])).toBeUndefined();
    await Promise.all(writes);
    const after = versions.stamp(['regions']);
    expect(after).not.toBe(before);
    await expect(owner.query('SELECT nonsense')).rejects.toThrow();
    expect(versions.stamp(['regions'])).toBe(after);
    const region = [
      { name: 'region_id', type: 'int2' },
      { name: 'region_name', type: 'text' },
    ];
    await owner.copyRows('retail.regions', region, [[77, 'Elsewhere']]);
    expect(versions.stamp(['regions'])).not.toBe(after);
    await owner.close();
  });

  test('versions that cannot be read are not trusted', async () => {
    const versions = createTableVersions({ definition: retailDefinition, clock: systemClock });
    let failing = false;
    const database = {
      query: async () => {
        if (failing) throw new Error('gone');
        return [{ table_name: 'regions', version: '1' }];
      },
    };
    const session = { query: async () => [], script: async () => {}, copyRows: async () => {}, close: async () => {} };
    const { watched } = await watchEmbeddedTables(database, versions);
    failing = true;
    expect(await watched(session).query('')).toEqual([]);
    expect(versions.trusted()).toBe(false);
  });
});
