import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRedis } from '../../src/resilience/redis-connection.ts';
import { asker } from '../mcp/tasks/task-support.ts';
import { realTiers } from '../postgres/real-servers.ts';
import type { TestDatabase } from '../support/databases.ts';
import { onRedis, until } from '../support/redis.ts';
import { replica, tokenFor } from './replicas.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

describe.skipIf(realTiers.length === 0)('Long queries as tasks', () => {
  describe.each(realTiers)('on $name', ({ open: openDatabase }) => {
    let db: TestDatabase;
    let seattle: string;
    beforeAll(async () => {
      db = await openDatabase();
      seattle = await tokenFor([1]);
    });
    afterAll(() => db?.close());

    /** Far longer than the test: 200 million rows and more. */
    const endless = (mark: string) =>
      `SELECT count(*) AS ${mark} FROM order_items a CROSS JOIN order_items b CROSS JOIN order_items c`;
    const running = async (mark: string) => {
      const [row] = await db.admin.query(
        `SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%${mark}%' AND pid <> pg_backend_pid()`,
      );
      return Number(row?.n);
    };
    const newMark = () => `n_${randomUUID().replaceAll('-', '')}`;

    test('a cancelled task leaves its backend idle within a second', async () => {
      const one = await replica(db, { taskAfterMs: 200 });
      open.push(one);
      const { call, cancel, get } = asker(one.mcpUrl, { token: seattle });
      const mark = newMark();
      const { taskId, resultType } = (await call(endless(mark))).result;
      expect(resultType).toBe('task');
      await until('the statement runs', async () => (await running(mark)) === 1);
      await cancel(taskId);
      const deadline = performance.now() + 1000;
      while ((await running(mark)) > 0 && performance.now() < deadline);
      expect(await running(mark)).toBe(0);
      expect((await get(taskId)).result.status).toBe('cancelled');
    });

    test('somebody else’s cancelling does not touch it, and a stop of the server does', async () => {
      const one = await replica(db, { taskAfterMs: 200 });
      open.push(one);
      const mark = newMark();
      const { taskId } = (await asker(one.mcpUrl, { token: seattle }).call(endless(mark))).result;
      await until('the statement runs', async () => (await running(mark)) === 1);
      for (const other of [await tokenFor([2]), await tokenFor([1, 2]), await tokenFor([1], 'super_admin')]) {
        expect((await asker(one.mcpUrl, { token: other }).cancel(taskId)).error.code).toBe(-32602);
      }
      expect(await running(mark)).toBe(1);
      await open.pop()?.close();
      await until('the backend is idle', async () => (await running(mark)) === 0);
    });
  });

  onRedis('of two replicas', (url) => {
    test('a task is fetched and cancelled at the one that does not run it', async () => {
      const db = await realTiers[0]!.open();
      open.push(db);
      const redis = openRedis({ url, note: () => {} });
      open.push(redis);
      await until('Redis is there', () => redis.client.isReady);
      const env = { REPLICAS_EXPECTED: '2' };
      const [one, two] = [
        await replica(db, { redis, env, taskAfterMs: 100 }),
        await replica(db, { redis, env, taskAfterMs: 100 }),
      ];
      open.push(one, two);
      const token = await tokenFor([1]);
      const [atOne, atTwo] = [asker(one.mcpUrl, { token }), asker(two.mcpUrl, { token })];
      const endless = 'SELECT count(*) AS n FROM order_items a CROSS JOIN order_items b CROSS JOIN order_items c';
      const { taskId } = (await atOne.call(endless)).result;
      expect((await atTwo.get(taskId)).result.status).toBe('working');
      await atTwo.cancel(taskId);
      await until('it is cancelled', async () => (await atTwo.get(taskId)).result.status === 'cancelled');
      expect((await asker(two.mcpUrl, { token: await tokenFor([2]) }).get(taskId)).error.code).toBe(-32602);
    });
  });

  test('several processes without a Redis offer none: the next request may reach any of them', async () => {
    const db = await realTiers[0]!.open();
    open.push(db);
    const one = await replica(db, { env: { REPLICAS_EXPECTED: '2' }, taskAfterMs: 1 });
    open.push(one);
    const { ask, call } = asker(one.mcpUrl, { token: await tokenFor([1]) });
    expect((await ask('server/discover', {})).wire).not.toContain('extensions');
    expect((await call('SELECT count(*) AS n FROM order_items')).result.resultType).toBe('complete');
  });
});
