import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { startDatabaseLine } from '../../bench/load/database-line.mjs';
import { realTiers } from '../postgres/real-servers.ts';
import type { TestDatabase } from '../support/databases.ts';
import { until } from '../support/redis.ts';
import { type Asked, type Replica, type ReplicaOptions, replica, tokenFor } from './replicas.ts';

const deadlineMs = 2000;
const graceMs = 500;
const mostConnections = 6;
/** One more listens for changes. */
const budget = mostConnections + 1;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

interface Told extends Asked {
  readonly at: number;
}

/** Callers of all stores who ask one after the other, each something new. */
function callers(one: Replica, tokens: readonly string[], count: number) {
  const told: Told[] = [];
  let going = true;
  const drive = async (caller: number) => {
    for (let turn = 0; going; turn += 1) {
      const at = performance.now();
      const token = tokens[caller % tokens.length]!;
      told.push({ at, ...(await one.ask(token, `SELECT count(*) AS n_${caller}_${turn} FROM orders WHERE order_id > ${turn}`)) });
      // As fast as refusals come, the callers would only be measuring themselves.
      await sleep(20);
    }
  };
  const running = Promise.all(Array.from({ length: count }, (_, caller) => drive(caller)));
  return {
    told,
    /** Those that were asked since then. */
    since: (from: number) => told.filter(({ at }) => at >= from),
    async stop() {
      going = false;
      await running;
    },
  };
}

const away = new Set(['dependency_unavailable', 'circuit_open', 'overloaded', 'query_timeout']);

const tier = realTiers[0];
describe.skipIf(tier === undefined)('While its database is away, on PostgreSQL 17', () => {
  let db: TestDatabase;
  let tokens: string[];
  beforeAll(async () => {
    db = await tier!.open();
    tokens = await Promise.all([1, 2, 3, 4].map((id) => tokenFor([id])));
  });
  afterAll(() => db?.close());

  async function onLine(options: ReplicaOptions = {}) {
    const line = await startDatabaseLine(db.address!);
    open.push({ close: async () => line.stop() });
    const one = await replica(db, {
      address: { ...db.address!, host: '127.0.0.1', port: line.port },
      maxConnections: mostConnections,
      ...options,
      env: { POSTGRES_COMMAND_TIMEOUT: String(deadlineMs / 1000), ...options.env },
    });
    open.push(one);
    const ready = async () => (await fetch(`${one.url}/health/ready`)).status;
    return { line, one, ready };
  }

  test.each([
    ['cut', 3000],
    // Long enough for the health check to give up on silence.
    ['hang', 6000],
  ] as const)(
    '(%s, %i ms) every call is answered in its time, and all is well within 5 s after its return',
    async (how, awayMs) => {
      const { line, one, ready } = await onLine();
      const load = callers(one, tokens, 24);
      await sleep(1000);
      expect(await ready()).toBe(200);
      expect(load.told.length).toBeGreaterThan(24);
      expect(load.told.filter(({ rows }) => rows === undefined)).toEqual([]);

      line.takeConnections();
      const from = performance.now();
      line[how]();
      const notReady = ready();
      await sleep(awayMs);
      const attempts = line.takeConnections();
      line.restore();
      const back = performance.now();
      await until('calls are answered again', () => load.since(back).some(({ rows }) => rows !== undefined));
      const recoveredMs = performance.now() - back;
      expect(await notReady).toBe(503);
      await sleep(500);
      const well = performance.now();
      await sleep(500);
      expect(await ready()).toBe(200);
      await load.stop();

      expect(recoveredMs).toBeLessThan(5000);
      const slowest = Math.max(...load.told.map(({ tookMs }) => tookMs));
      expect(slowest).toBeLessThan(deadlineMs + graceMs);
      const failed = load.since(from - deadlineMs).filter(({ rows }) => rows === undefined);
      expect(failed.length).toBeGreaterThan(0);
      expect(failed.filter(({ status, code }) => status !== 200 || !away.has(code ?? ''))).toEqual([]);
      expect(load.since(well).filter(({ rows }) => rows === undefined)).toEqual([]);
      // Each call that was under way, then one try every two seconds; the listener, the revocations and the health check besides.
      expect(attempts).toBeLessThan(24 + 16);
      expect(line.openConnections()).toBeLessThanOrEqual(budget);
      const [{ count } = {}] = await db.admin.query(
        "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE '%reader%'",
      );
      expect(Number(count)).toBeLessThanOrEqual(mostConnections);
    },
    30_000,
  );

  test('what was answered before is answered again and called stale, where that is allowed', async () => {
    const sql = 'SELECT DISTINCT store_id FROM orders';
    const [allowed, strict] = [await onLine({ env: { SERVE_STALE_SECONDS: '60' } }), await onLine()];
    for (const { one } of [allowed, strict]) {
      await until('it is kept', async () => (await one.ask(tokens[0]!, sql)).cached === true);
    }
    for (const { line } of [allowed, strict]) line.cut();
    await until('it is away', async () => (await strict.one.ask(tokens[0]!, sql)).rows === undefined);
    await until('it is stale', async () => (await allowed.one.ask(tokens[0]!, sql)).stale === true);
    for (let time = 0; time < 10; time += 1) {
      expect(await allowed.one.ask(tokens[0]!, sql)).toMatchObject({ rows: [[1]], cached: true, stale: true });
      expect(away).toContain((await strict.one.ask(tokens[0]!, sql)).code);
      // Never another's.
      expect(away).toContain((await allowed.one.ask(tokens[1]!, sql)).code);
    }
    allowed.line.restore();
    await until('it is fresh again', async () => {
      const { rows, stale } = await allowed.one.ask(tokens[0]!, sql);
      return rows !== undefined && stale === undefined;
    });
  });
});
