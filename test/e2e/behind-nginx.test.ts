import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/app/server-workers.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { asker } from '../mcp/tasks/task-support.ts';
import { behindNginx, type Nginx, startNginx } from '../support/nginx.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';
import { onRedis, until } from '../support/redis.ts';
import { query } from './journeys.ts';
import { type Product, runProduct, startProduct } from './product.ts';
import { type RealInstallation, realInstallation, realServer } from './real-installation.ts';

interface Replica extends Product {
  readonly port: number;
  readonly url: string;
}

onRedis('Three replicas', (redisUrl) => {
  behindNginx('behind nginx, on one PostgreSQL and one Redis', realServer !== undefined, () => {
    let own: RealInstallation;
    let admin: OwnerSession;
    let env: Record<string, string>;
    let replicas: Replica[] = [];
    let nginx: Nginx;
    /** What each store must see, and its manager's token. */
    let managers: { readonly store: number; readonly orders: number; readonly token: string }[] = [];

    const start = async (port: number): Promise<Replica> => {
      const product = startProduct(['serve', '--transport', 'http', '--port', String(port)], env);
      await product.told(/Ctrl-C stops/);
      return { ...product, port, url: `http://127.0.0.1:${port}/mcp` };
    };
    const tokenOf = async (store: string, subject: string = randomUUID()) => {
      const { stdout } = await runProduct(['token', '--role', 'store_manager', '--store', store, '--subject', subject], env);
      return stdout.trim();
    };

    beforeAll(async () => {
      own = await realInstallation('zavanginx');
      env = {
        ...own.env,
        ...{ REDIS_URL: redisUrl, REPLICAS_EXPECTED: '3', TRUST_PROXY: '1', EMBEDDER: 'none' },
        // No call of these tests but one kind is to be limited.
        ...{ RATE_LIMIT_PER_MINUTE: '60000', RATE_LIMIT_BURST: '10000' },
        ...{ RATE_LIMIT_SQL_PER_MINUTE: '100000', RATE_LIMIT_SEARCH_PER_MINUTE: '6' },
      };
      for (const args of [['bootstrap', '--admin-url', own.adminUrl], ['migrate'], ['seed', '--scale', '200']]) {
        const { code, stderr } = await runProduct(args, env);
        expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: expect.any(String) });
      }
      admin = await own.admin();
      const ports = await Promise.all([0, 0, 0].map(() => freePort('127.0.0.1')));
      replicas = await Promise.all(ports.map(start));
      nginx = await startNginx(ports);
      const truth = await admin.query(
        `SELECT s.store_id, split_part(s.store_name, ' ', 3) AS name, count(*)::text AS orders
         FROM retail.stores s JOIN retail.orders o USING (store_id) GROUP BY 1, 2 ORDER BY 1 LIMIT 3`,
      );
      managers = await Promise.all(
        truth.map(async (row) => ({
          store: Number(row.store_id),
          orders: Number(row.orders),
          token: await tokenOf(String(row.name)),
        })),
      );
    }, 120_000);

    afterAll(async () => {
      await nginx?.close();
      await Promise.all(replicas.map((one) => one.stop('SIGTERM')));
      await admin?.close();
      await own?.drop();
    }, 60_000);

    const call = (url: string, sql: string, token = managers[0]?.token ?? '') =>
      postLegacy(url, 'tools/call', query(sql), { token });
    const answer = async (url: string, sql: string) => (await answerOf(await call(url, sql))).result.structuredContent;

    test('each of them answers, and the caller’s address is known behind the proxy', async () => {
      const seen = new Set<string | null>();
      for (let time = 0; time < 12; time += 1) {
        const response = await call(nginx.url, 'SELECT count(*) FROM orders');
        expect(response.status).toBe(200);
        seen.add(response.headers.get('x-replica'));
        await response.arrayBuffer();
      }
      expect(seen.size).toBe(3);
    });

    test('a subject has one budget, whichever of them it meets', async () => {
      const token = await tokenOf('Seattle');
      const search = { name: 'semantic_search_products', arguments: { query_description: 'paint brush' } };
      const started = performance.now();
      const responses = await Promise.all(
        Array.from({ length: 14 }, () => postLegacy(nginx.url, 'tools/call', search, { token })),
      );
      // One comes back every ten seconds.
      const refilled = Math.ceil((performance.now() - started) / 10_000);
      const answered = responses.filter(({ status }) => status === 200);
      expect(answered.length).toBeGreaterThanOrEqual(6);
      expect(answered.length).toBeLessThanOrEqual(6 + refilled);
      expect(responses.filter(({ status }) => status === 429)).toHaveLength(14 - answered.length);
      expect(new Set(responses.map(({ headers }) => headers.get('x-replica'))).size).toBeGreaterThan(1);
    });

    test('a change is seen by all of them 100 ms after its commit', async () => {
      const sql = 'SELECT max(stock_level) AS most FROM inventory';
      for (const { url } of replicas) await until('it is remembered', async () => (await answer(url, sql)).cached === true);
      await admin.script(`UPDATE retail.inventory SET stock_level = 77777 WHERE store_id = ${managers[0]?.store}`);
      await delay(100);
      const after = await Promise.all(replicas.map(({ url }) => answer(url, sql)));
      expect(after.map(({ rows }) => rows)).toEqual(Array(3).fill([[77777]]));
    });

    test('a token that is revoked is refused by all of them within five seconds', async () => {
      const subject = randomUUID();
      const token = await tokenOf('Seattle', subject);
      const statuses = () => Promise.all(replicas.map(async ({ url }) => (await call(url, 'SELECT 1', token)).status));
      expect(await statuses()).toEqual([200, 200, 200]);
      const { code } = await runProduct(['revoke', '--subject', subject, '--reason', 'lost'], env);
      const revoked = performance.now();
      expect(code).toBe(0);
      await until('all refuse it', async () => (await statuses()).every((status) => status === 401));
      expect(performance.now() - revoked).toBeLessThan(5000);
      expect((await call(nginx.url, 'SELECT 1', token)).status).toBe(401);
    });

    test('a call that became a task is fetched from whichever comes next', async () => {
      const { call: ask, get } = asker(nginx.url, { token: managers[0]?.token ?? '' });
      const slow = `SELECT count(*) AS "n ${randomUUID()}" FROM order_items a CROSS JOIN order_items b WHERE a.quantity + b.quantity > 0`;
      const { result } = await ask(slow);
      // A fast machine answers at once.
      if (result.resultType === 'task') {
        await until('it is done', async () => (await get(result.taskId)).result.status === 'completed');
        for (let time = 0; time < 3; time += 1) expect((await get(result.taskId)).result.status).toBe('completed');
      }
    });

    interface Tally {
      right: number;
      readonly wrong: string[];
      readonly failed: { readonly replica: string; readonly status: number; readonly startedAt: number }[];
    }

    /** Calls of three stores, each with a statement of its own, until `work` is done. */
    async function underLoad(work: () => Promise<void>): Promise<Tally> {
      const tally: Tally = { right: 0, wrong: [], failed: [] };
      let loading = true;
      const client = async (index: number) => {
        const { store, orders, token } = managers[index % managers.length]!;
        for (let time = 0; loading; time += 1) {
          const salt = index * 1_000_000 + time;
          const startedAt = performance.now();
          const sql = `SELECT store_id, count(*) + ${salt} AS n FROM orders GROUP BY store_id`;
          const response = await call(nginx.url, sql, token).catch(() => undefined);
          const replica = response?.headers.get('x-replica') ?? 'none';
          const body = response?.status === 200 ? await answerOf(response) : undefined;
          const rows = JSON.stringify(body?.result?.structuredContent?.rows);
          if (body === undefined) tally.failed.push({ replica, status: response?.status ?? 0, startedAt });
          else if (rows === JSON.stringify([[store, orders + salt]])) tally.right += 1;
          else tally.wrong.push(`store ${store}: ${JSON.stringify(body)}`);
        }
      };
      const clients = Promise.all(Array.from({ length: 12 }, (_, index) => client(index)));
      await work();
      loading = false;
      await clients;
      return tally;
    }

    test('one that is told to stop under load ends without a call lost', async () => {
      const leaving = replicas.pop()!;
      const { right, wrong, failed } = await underLoad(async () => {
        await delay(700);
        expect(await leaving.stop('SIGTERM')).toEqual({ code: 0, signal: null });
        await delay(500);
      });
      replicas.push(await start(leaving.port));
      expect(wrong).toEqual([]);
      expect(failed).toEqual([]);
      expect(right).toBeGreaterThan(50);
    }, 60_000);

    test('one that is killed under load takes along what it was answering, and nothing else; no answer is wrong', async () => {
      const dead = replicas.pop()!;
      let diedAt = 0;
      const { right, wrong, failed } = await underLoad(async () => {
        await delay(1000);
        diedAt = performance.now();
        await dead.stop('SIGKILL');
        await delay(2000);
      });
      expect(wrong).toEqual([]);
      expect(right).toBeGreaterThan(50);
      // Twelve clients have twelve calls under way.
      expect(failed.length).toBeLessThanOrEqual(12);
      for (const { replica, status, startedAt } of failed) {
        expect({ status, replica }).toEqual({ status: 502, replica: `127.0.0.1:${dead.port}` });
        expect(startedAt).toBeLessThanOrEqual(diedAt + 100);
      }
      replicas.push(await start(dead.port));
    }, 60_000);
  });
});
