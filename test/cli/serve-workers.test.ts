import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/app/server-workers.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { query } from '../e2e/journeys.ts';
import { newFolder, removeFolder, runProduct, type Served, serveHttp, startProduct } from '../e2e/product.ts';
import { type RealInstallation, realInstallation, realServer } from '../e2e/real-installation.ts';
import { postLegacy } from '../support/raw-mcp.ts';

const serving = ['serve', '--transport', 'http', '--port', '0'];
const date = { name: 'get_current_utc_date', arguments: {} };

test('the embedded database refuses more than one process, once, with what to do', async () => {
  const DATA_DIR = await newFolder();
  const { code, stderr } = await runProduct(serving, { DATA_DIR, SERVER_WORKERS: '2' });
  expect(code).toBe(78);
  expect(stderr.match(/SERVER_WORKERS is more than 1, and the embedded database has one process/g)).toHaveLength(1);
  expect(stderr).toContain('set SERVER_WORKERS=1, or DATABASE_URL');
  expect(await readdir(DATA_DIR)).toEqual([]);
  await removeFolder(DATA_DIR);
});

describe.skipIf(realServer === undefined)('two workers on a real PostgreSQL 17', () => {
  let own: RealInstallation;
  let admin: OwnerSession;
  const running: Served[] = [];

  beforeAll(async () => {
    own = await realInstallation('zavaworkers');
    for (const args of [['bootstrap', '--admin-url', own.adminUrl], ['migrate'], ['seed', '--scale', '300']]) {
      const { code, stderr } = await runProduct(args, own.env);
      expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: expect.any(String) });
    }
    admin = await own.admin();
  }, 120_000);
  afterEach(async () => {
    for (const served of running.splice(0)) await served.stop('SIGTERM');
  });
  afterAll(async () => {
    await admin?.close();
    await own?.drop();
  }, 60_000);

  /** Resolves when both of them answer. */
  async function twoWorkers(env: Readonly<Record<string, string>> = {}): Promise<Served> {
    const served = await serveHttp({ ...own.env, SERVER_WORKERS: '2', ...env });
    running.push(served);
    await served.told(/("event":"server_started"[\s\S]*){2}/);
    return served;
  }
  /** A connection of its own for each call: any worker may take it. */
  const call = (served: Served, params: Record<string, unknown> = date, caller = served.callers.store) =>
    postLegacy(served.url, 'tools/call', params, { token: caller.token, headers: { Connection: 'close' } });
  const workerPids = async (served: Pick<Served, 'child'>) => {
    const pid = served.child.pid ?? 0;
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
    return children === '' ? [] : children.split(' ').map(Number);
  };
  const linesOf = (served: Served) =>
    served
      .stderr()
      .split('\n')
      .filter((line) => line.startsWith('{"time"'))
      .map((line) => JSON.parse(line) as { event: string; worker?: number; [fact: string]: unknown });

  test('share the port, both answer, the snippets are told once, and both forget what they remember when a table changes', async () => {
    const served = await twoWorkers();
    const whoAnswered = async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => call(served, query('SELECT count(*) FROM stores'))));
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
      return new Set(linesOf(served).flatMap(({ event, worker }) => (event === 'tool_called' ? [worker] : [])));
    };
    await expect.poll(whoAnswered, { timeout: 50_000 }).toEqual(new Set([1, 2]));
    expect(served.stderr().match(/Ctrl-C stops the server/g)).toHaveLength(1);
    expect(new Set(linesOf(served).flatMap(({ address }) => address ?? [])).size).toBe(1);

    const name = async () => (await call(served, query('SELECT product_name FROM products WHERE product_id = 1'))).text();
    const all = async () => (await Promise.all(Array.from({ length: 6 }, name))).map((text) => text.includes('changed name'));
    expect(await all()).toEqual(Array(6).fill(false));
    await admin.query("UPDATE retail.products SET product_name = 'changed name' WHERE product_id = 1");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await all()).toEqual(Array(6).fill(true));
  }, 60_000);

  test('tell their figures and traces as one server, also on the port of the metrics, and of one that died', async () => {
    const port = await freePort('127.0.0.1');
    const served = await twoWorkers({ METRICS_PORT: String(port), RATE_LIMIT_PER_MINUTE: '0' });
    const calls = 20;
    const answers = await Promise.all(Array.from({ length: calls }, () => call(served)));
    const counted = async (url: string, headers: Record<string, string> = {}) => {
      const text = await (await fetch(url, { headers: { Connection: 'close', ...headers } })).text();
      const counts = text.matchAll(/^tool_executions_total\{tool="get_current_utc_date".*\} (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const onPrivatePort = () => counted(`http://127.0.0.1:${port}/metrics`);
    const operator = { Authorization: `Bearer ${served.callers.headOffice.token}` };
    const origin = new URL(served.url).origin;
    expect(await counted(`${origin}/metrics`, operator)).toBe(calls);
    expect(await onPrivatePort()).toBe(calls);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405);
    const requestId = answers[0]?.headers.get('x-request-id') ?? '';
    const env = { ...own.env, PORT: new URL(served.url).port, OPERATOR_TOKEN: served.callers.headOffice.token };
    const trace = await runProduct(['debug', 'trace', requestId], env);
    expect(trace).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/POST \/mcp .*\n {2}tools\/call get_current_utc_date/),
    });
    process.kill((await workerPids(served))[0] ?? 0, 'SIGKILL');
    await served.told(/has ended \(SIGKILL\)/);
    expect(await onPrivatePort()).toBe(calls);
  }, 60_000);

  test('each write their calls to the one audit trail, which stays whole', async () => {
    const served = await twoWorkers();
    await Promise.all(Array.from({ length: 20 }, () => call(served)));
    expect(await served.stop()).toEqual({ code: 0, signal: null });
    const verified = await runProduct(['audit', 'verify'], own.env);
    expect({ code: verified.code, stderr: verified.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    const heads = (await readFile(join(own.env.DATA_DIR ?? '', 'audit', 'heads.jsonl'), 'utf8')).trim().split('\n');
    expect(heads.map((line) => Object.keys(JSON.parse(line)).sort())).toEqual(
      heads.map(() => ['at', 'head', 'key', 'signature']),
    );
  }, 60_000);

  test('never give one subject more than its budget, wherever the calls land', async () => {
    const served = await twoWorkers({ RATE_LIMIT_PER_MINUTE: '2', RATE_LIMIT_BURST: '6' });
    const statuses = [];
    for (let calls = 0; calls < 24; calls += 1) statuses.push((await call(served)).status);
    expect(statuses).toEqual([...Array(6).fill(200), ...Array(18).fill(429)]);
  }, 60_000);

  test('one that is killed under load loses what it was answering and nothing else, and comes back', async () => {
    const served = await twoWorkers({ RATE_LIMIT_PER_MINUTE: '0' });
    const [victim = 0, survivor] = await workerPids(served);
    const outcomes: ('answered' | 'lost')[] = [];
    let on = true;
    const load = Array.from({ length: 8 }, async () => {
      while (on) {
        const answered = await call(served).then(
          async (response) => response.status === 200 && (await response.text()).includes('"result"'),
          () => false,
        );
        outcomes.push(answered ? 'answered' : 'lost');
      }
    });
    await expect.poll(() => outcomes.length, { timeout: 30_000 }).toBeGreaterThan(50);
    process.kill(victim, 'SIGKILL');
    await served.told(/Worker 1 has ended \(SIGKILL\): another one takes its place/);
    await expect.poll(() => workerPids(served), { timeout: 30_000 }).toHaveLength(2);
    expect(await workerPids(served)).toContain(survivor);
    expect(await workerPids(served)).not.toContain(victim);
    const before = outcomes.length;
    await expect.poll(() => outcomes.length, { timeout: 30_000 }).toBeGreaterThan(before + 200);
    on = false;
    await Promise.all(load);
    const lost = outcomes.filter((outcome) => outcome === 'lost').length;
    // Eight callers have one call each on the way.
    expect(lost).toBeLessThanOrEqual(8);
    expect(outcomes.slice(-100)).toEqual(Array(100).fill('answered'));
    expect(served.stderr().match(/Ctrl-C stops the server/g)).toHaveLength(1);
  }, 60_000);

  const slow = 'SELECT count(*) FROM order_items a CROSS JOIN order_items b CROSS JOIN regions r';
  const runningSlow =
    "SELECT 1 AS known FROM pg_stat_activity WHERE state = 'active' AND query ILIKE '%cross join%regions%' AND datname = $1 AND pid <> pg_backend_pid()";
  const whileAsked = async (served: Served) => {
    const answer = call(served, query(slow), served.callers.headOffice).then((response) => response.text());
    await expect.poll(() => admin.query(runningSlow, [own.database]), { interval: 10, timeout: 30_000 }).toHaveLength(1);
    return { answer };
  };

  test('let running queries finish when the primary is asked to stop', async () => {
    const served = await twoWorkers();
    const { answer } = await whileAsked(served);
    expect(await served.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await answer).toMatch(/"rows":\[\[\d+\]\]/);
    expect(linesOf(served).filter(({ event }) => event === 'server_stopped')).toMatchObject([
      { reason: 'SIGTERM' },
      { reason: 'SIGTERM' },
    ]);
    expect(linesOf(served).filter(({ event }) => event === 'fault_met')).toEqual([]);
  }, 60_000);

  test('do so too when a terminal sends Ctrl-C to all processes at once', async () => {
    const served = await twoWorkers();
    const { answer } = await whileAsked(served);
    for (const pid of await workerPids(served)) process.kill(pid, 'SIGINT');
    expect(await served.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await answer).toMatch(/"rows":\[\[\d+\]\]/);
  }, 60_000);

  test('finish and end when the primary is killed', async () => {
    const served = await twoWorkers();
    const { answer } = await whileAsked(served);
    const pids = await workerPids(served);
    process.kill(served.child.pid ?? 0, 'SIGKILL');
    expect(await answer).toMatch(/"rows":\[\[\d+\]\]/);
    const alive = () => pids.filter((pid) => isAlive(pid));
    await expect.poll(alive, { timeout: 30_000 }).toEqual([]);
    expect(served.stderr()).toContain('"reason":"the end of the primary process"');
  }, 60_000);

  test('that cannot start say why once, with the exit code of one process', async () => {
    const env = { ...own.env, SERVER_WORKERS: '2' };
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const second = await runProduct(['serve', '--transport', 'http', '--port', port], env);
    expect(second.code).toBe(78);
    expect(second.stderr.match(/Cannot listen on 127\.0\.0\.1/g)).toHaveLength(1);
    other.close();
    const badKey = await runProduct(serving, { ...env, AUTH_PUBLIC_KEY: 'hello' });
    expect(badKey.code).toBe(78);
    expect(badKey.stderr.match(/is not PEM/g)).toHaveLength(1);
    const noHost = await runProduct(serving, { ...env, HOST: 'nowhere.invalid', AUTH_PUBLIC_KEY: '', DEV_ISSUER: 'false' });
    expect(noHost.code).toBe(78);
  }, 60_000);

  test('stop before they listen, too', async () => {
    const product = startProduct(serving, { ...own.env, SERVER_WORKERS: '2' });
    await expect.poll(() => workerPids(product), { timeout: 30_000 }).toHaveLength(1);
    expect(await product.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(product.stderr()).not.toMatch(/^\s+at /m);
  }, 60_000);

  test('write a log file each, since one that rotates has one writer', async () => {
    const folder = await newFolder();
    const served = await twoWorkers({ LOG_FILE: join(folder, 'server.log') });
    await served.stop();
    expect((await readdir(folder)).sort()).toEqual(['server.log.worker-1', 'server.log.worker-2']);
    await removeFolder(folder);
  }, 60_000);

  test('keep to what the database can take, and say so once', async () => {
    const served = await twoWorkers({ REPLICAS_EXPECTED: '10', POSTGRES_MAX_CONNECTIONS: '50' });
    const [{ max = '' } = {}] = await admin.query("SELECT current_setting('max_connections') AS max");
    const share = Math.floor((0.8 * Number(max)) / 20);
    expect(
      served
        .stderr()
        .split(
          `each of 20 processes (REPLICAS_EXPECTED × SERVER_WORKERS, or what AUTOSCALE_MAX allows) keeps to ${share} in place of 50`,
        ),
    ).toHaveLength(2);
    const load = Array.from({ length: 60 }, () => call(served, query(`SELECT ${Math.random()}, count(*) FROM order_items`)));
    const open = 'SELECT count(*) AS connections FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()';
    let most = 0;
    const watching = setInterval(async () => {
      const [row] = await admin.query(open, [own.database]);
      most = Math.max(most, Number(row?.connections));
    }, 10);
    await Promise.all(load);
    clearInterval(watching);
    expect(most).toBeGreaterThan(2);
    expect(most).toBeLessThanOrEqual(2 * share);
  }, 60_000);

  test('under load a worker more is started, and without it one is sent away, and no call is lost', async () => {
    const served = await serveHttp({
      ...own.env,
      ...{ AUTOSCALE: 'workers', AUTOSCALE_MIN: '1', AUTOSCALE_MAX: '2', AUTOSCALE_INTERVAL_SECONDS: '1' },
      ...{ AUTOSCALE_COOLDOWN_UP_SECONDS: '1', AUTOSCALE_COOLDOWN_DOWN_SECONDS: '2', POSTGRES_MAX_CONNECTIONS: '2' },
      ...{ RATE_LIMIT_PER_MINUTE: '100000', RATE_LIMIT_BURST: '10000', RATE_LIMIT_SQL_PER_MINUTE: '100000', EMBEDDER: 'none' },
    });
    running.push(served);
    const decisions = () =>
      linesOf(served).flatMap(({ event, direction, current, desired }) =>
        event === 'scaling_decided' ? [[direction, current, desired]] : [],
      );
    const failed: unknown[] = [];
    let asked = 0;
    const ask = async (caller: Served['callers']['store'], sql: string) => {
      asked += 1;
      // Kept-alive connections, as clients have them.
      const response = await postLegacy(served.url, 'tools/call', query(sql), { token: caller.token }).catch((error) => error);
      const text = response instanceof Response ? await response.text() : String(response);
      // Whoever waits too long for a connection is told so.
      if (!/"rows":\[\[\d/.test(text) && !text.includes('overloaded')) failed.push(text);
    };
    let pressing = true;
    const press = async (index: number) => {
      const caller = [served.callers.store, served.callers.region, served.callers.headOffice][index % 3]!;
      for (let time = 0; pressing; time += 1) await ask(caller, `SELECT count(*) + ${index * 10_000 + time} FROM orders`);
    };
    const pressure = Promise.all(Array.from({ length: 115 }, (_, index) => press(index)));
    await expect.poll(decisions, { timeout: 30_000, interval: 100 }).toContainEqual(['up', 1, 2]);
    await served.told(/("event":"server_started"[\s\S]*){2}/);
    pressing = false;
    await pressure;
    let trickling = true;
    const trickle = Promise.all(
      [1, 2, 3, 4].map(async () => {
        while (trickling) {
          await ask(served.callers.store, 'SELECT count(*) FROM stores');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }),
    );
    await expect.poll(decisions, { timeout: 30_000, interval: 100 }).toContainEqual(['down', 2, 1]);
    await expect.poll(() => workerPids(served), { timeout: 20_000, interval: 100 }).toHaveLength(1);
    trickling = false;
    await trickle;
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(115);
    expect(served.stderr()).toContain('"reason":"the autoscaler: fewer workers are needed"');
  }, 120_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
