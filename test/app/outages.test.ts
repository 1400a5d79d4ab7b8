import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { revocationStores } from '../../src/app/identity-edge.ts';
import { freePort } from '../../src/app/server-workers.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createJwksKeySource } from '../../src/identity/jwks-key-source.ts';
import { revokeTokens } from '../../src/identity/revoke-tokens.ts';
import { addScopeKey } from '../../src/postgres/scope-keys.ts';
import { openRedis } from '../../src/resilience/redis-connection.ts';
import { keyOf } from '../identity/zava-directory.ts';
import { onEveryDatabase, signingKey, type TestDatabase, tiers } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { rsaPair } from '../support/key-pair.ts';
import { keyServer } from '../support/key-server.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';
import { until } from '../support/redis.ts';

const [first, second] = [1, 2].map(() => rsaPair()) as [KeyPair, KeyPair];
interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
const jwks = (keys: Readonly<Record<string, KeyPair>>) => ({
  keys: Object.entries(keys).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid })),
});

interface TokenTimes {
  readonly exp?: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly jti?: string;
}
/** Times are seconds from now, as the issuer's clock shows it. */
function tokenOf(subject: string, kid: string, { privateKey }: KeyPair, times: TokenTimes = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ roles: ['store_manager'], allowed_stores: [keyOf(1)] })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer('zava-auth')
    .setAudience('mcp-server')
    .setSubject(subject)
    .setJti(times.jti ?? randomUUID())
    .setIssuedAt(now + (times.iat ?? -5))
    .setExpirationTime(now + (times.exp ?? 3600));
  if (times.nbf !== undefined) token.setNotBefore(now + times.nbf);
  return token.sign(privateKey);
}

const shiftedClock = () => {
  const clock = {
    aheadMs: 0,
    now: () => Date.now() + clock.aheadMs,
    monotonic: () => performance.now() + Math.max(0, clock.aheadMs),
  };
  return clock;
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

async function issuerWith(keys: Readonly<Record<string, KeyPair>>, clock = shiftedClock()) {
  const server = await keyServer();
  open.push(server);
  server.documents.set('/keys', jwks(keys));
  const source = createJwksKeySource({ address: `${server.url}/keys`, production: false, clock, note: () => {} });
  return { server, trusted: { issuer: 'zava-auth', keys: source }, clock };
}

/** The embedded database, for outages of other things. */
let embedded: TestDatabase;
beforeAll(async () => {
  embedded = await tiers[0]!.open();
});
afterAll(() => embedded.close());

async function product(options: Parameters<typeof productStack>[0]): Promise<ProductStack> {
  const stack = await productStack(options);
  open.push(stack);
  return stack;
}

const count = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT DISTINCT store_id FROM inventory' } };
const date = { name: 'get_current_utc_date', arguments: {} };

async function call(stack: ProductStack, token: string, params: typeof count | typeof date = date) {
  const response = await postLegacy(stack.mcpUrl, 'tools/call', params, { token });
  const body = await answerOf(response);
  const text = body.result?.isError === true ? JSON.parse(body.result.content[0].text).code : undefined;
  const code: string | undefined = body.error?.data.code ?? text;
  return {
    status: response.status,
    code,
    rows: body.result?.structuredContent?.rows,
    retryAfter: response.headers.get('retry-after'),
  };
}
const statusOf = async (stack: ProductStack, token: string) => (await call(stack, token)).status;

const redisBinary = '/usr/bin/redis-server';
const withoutRedis = !existsSync(redisBinary);
/** A Redis of the test's own, which it may kill. */
async function ownRedis() {
  const port = await freePort('127.0.0.1');
  let child: ChildProcess | undefined;
  const start = () => {
    child = spawn(redisBinary, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp'], { stdio: 'ignore' });
  };
  const kill = async () => {
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    child = undefined;
  };
  start();
  const server = { url: `redis://127.0.0.1:${port}`, start, kill, close: kill };
  open.push(server);
  return server;
}

describe.skipIf(withoutRedis)(`Redis is killed and started again${withoutRedis ? ` (no ${redisBinary})` : ''}`, () => {
  test('calls go on all the while: limits by replica, revocations by the database, and shared again afterwards', async () => {
    const [server, { trusted }] = [await ownRedis(), await issuerWith({ a: first })];
    const env = { RATE_LIMIT_PER_MINUTE: '6', RATE_LIMIT_BURST: '3', POSTGRES_ROLE_PREFIX: 'zava' };
    const replica = async () => {
      const redis = openRedis({ url: server.url, note: () => {} });
      open.push(redis);
      await until('Redis is connected', () => redis.client.isReady);
      return { redis, stack: await product({ db: embedded, trusted, redis, env }) };
    };
    const [a, b] = [await replica(), await replica()];
    const spend = async (subject: string) => {
      const token = await tokenOf(subject, 'a', first);
      const statuses = [];
      for (const { stack } of [a, b, a, b, a, b, a, b]) statuses.push(await statusOf(stack, token));
      return statuses.filter((status) => status === 200).length;
    };
    const revoke = (jti: string) => {
      const [inDatabase, inRedis] = revocationStores({
        config: loadConfig({}, env),
        database: embedded.database,
        redis: a.redis,
        clock: systemClock,
      });
      return revokeTokens({ jti }, { database: inDatabase, redis: inRedis, clock: systemClock, note: () => {} });
    };
    const refusedEverywhere = (token: string) =>
      until('both refuse it', async () => (await statusOf(a.stack, token)) === 401 && (await statusOf(b.stack, token)) === 401);
    expect(await spend('before')).toBe(3);

    // Calls in progress while it dies, and none of them fails for it.
    const during = Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 5));
        return statusOf(index % 2 === 0 ? a.stack : b.stack, await tokenOf(`caller ${index}`, 'a', first));
      }),
    );
    await server.kill();
    expect(new Set(await during)).toEqual(new Set([200]));
    await until('it is gone', () => !a.redis.client.isReady && !b.redis.client.isReady);
    // Each replica by itself: twice as much, and no more.
    expect(await spend('meanwhile')).toBe(6);
    const stolen = await tokenOf('eve', 'a', first, { jti: 'stolen in the outage' });
    await revoke('stolen in the outage');
    await refusedEverywhere(stolen);

    server.start();
    await until('it is back', () => a.redis.client.isReady && b.redis.client.isReady);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await spend('after')).toBe(3);
    // It has forgotten everything, and the database has not.
    expect(await statusOf(b.stack, stolen)).toBe(401);
  });
});

describe('the issuer publishes no keys', () => {
  test('for ten minutes: known keys count, unknown ones are 401, and new ones are found when it is back', async () => {
    const { server, trusted, clock } = await issuerWith({ a: first });
    const stack = await product({ db: embedded, trusted, clock });
    expect(await statusOf(stack, await tokenOf('ann', 'a', first))).toBe(200);
    const keys = server.documents.get('/keys');
    server.documents.set('/keys', (response: { destroy(): void }) => response.destroy());
    for (let minute = 1; minute <= 10; minute += 1) {
      clock.aheadMs = minute * 60_000;
      expect([
        await statusOf(stack, await tokenOf('ann', 'a', first)),
        await statusOf(stack, await tokenOf('ann', 'b', second)),
      ]).toEqual([200, 401]);
    }
    expect(server.requests.length).toBeLessThanOrEqual(11);
    server.documents.set('/keys', { keys: [...(keys as { keys: [] }).keys, ...jwks({ b: second }).keys] });
    clock.aheadMs += 60_000;
    expect([
      await statusOf(stack, await tokenOf('ann', 'b', second)),
      await statusOf(stack, await tokenOf('ann', 'a', first)),
    ]).toEqual([200, 200]);
  });

  test('from the start: 503 with the time to wait, and none of it once it is there', async () => {
    const { server, trusted, clock } = await issuerWith({ a: first });
    const keys = server.documents.get('/keys');
    server.documents.set('/keys', (response: { destroy(): void }) => response.destroy());
    const stack = await product({ db: embedded, trusted, clock });
    const token = await tokenOf('ann', 'a', first);
    expect(await call(stack, token)).toMatchObject({ status: 503, code: 'dependency_unavailable', retryAfter: '5' });
    server.documents.set('/keys', keys);
    clock.aheadMs = 5000;
    expect(await statusOf(stack, token)).toBe(200);
  });

  test('that it published a moment ago: calls go on while it changes keys, each key as long as it is published', async () => {
    const { server, trusted, clock } = await issuerWith({ a: first });
    const stack = await product({ db: embedded, trusted, clock });
    const [old, fresh] = [await tokenOf('ann', 'a', first, { exp: 7200 }), await tokenOf('ann', 'b', second, { exp: 7200 })];
    const pair = async () => [await statusOf(stack, old), await statusOf(stack, fresh)];
    expect(await pair()).toEqual([200, 401]);
    server.documents.set('/keys', jwks({ a: first, b: second }));
    clock.aheadMs += 60_000;
    expect(await pair()).toEqual([200, 200]);
    server.documents.set('/keys', jwks({ b: second }));
    clock.aheadMs += 3_590_000;
    expect(await pair()).toEqual([200, 200]);
    // Taken away at the issuer: it counted until the set was an hour old. A token verified before counts until it expires.
    clock.aheadMs += 20_000;
    expect([await statusOf(stack, await tokenOf('ann', 'a', first, { exp: 7200 })), await statusOf(stack, fresh)]).toEqual([
      401, 200,
    ]);
  });
});

test.each<[string, TokenTimes, number]>([
  ['expired 55 seconds ago', { iat: -600, exp: -55 }, 200],
  ['expired 65 seconds ago', { iat: -600, exp: -65 }, 401],
  ['good from in 55 seconds on', { nbf: 55 }, 200],
  ['good from in 65 seconds on', { nbf: 65 }, 401],
  ['issued in 55 seconds', { iat: 55 }, 200],
  ['issued in 65 seconds', { iat: 65 }, 401],
])('the issuer’s clock differs: a token %s', async (_what, times, status) => {
  const { trusted } = await issuerWith({ a: first });
  const stack = await product({ db: embedded, trusted });
  expect(await statusOf(stack, await tokenOf('ann', 'a', first, times))).toBe(status);
});

onEveryDatabase('the server and its database', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test.each([
    [-20_000, 'answered'],
    [-35_000, 'internal'],
    [-60_000, 'internal'],
    [25_000, 'answered'],
    [45_000, 'internal'],
    [60_000, 'internal'],
  ])('with clocks that differ by %i ms: %s, and never an empty answer', async (aheadMs, outcome) => {
    const { trusted } = await issuerWith({ a: first });
    const clock = { monotonic: systemClock.monotonic, now: () => Date.now() + aheadMs };
    const stack = await product({ db, trusted, clock });
    const { status, code, rows } = await call(stack, await tokenOf('ann', 'a', first), count);
    if (outcome === 'answered') expect([status, code, rows]).toEqual([200, undefined, [[1]]]);
    else expect([status, code, rows]).toEqual([200, 'internal', undefined]);
  });

  test('change the key that signs scopes while calls go on, and none of them fails or comes back empty', async () => {
    const { trusted } = await issuerWith({ a: first });
    const next = { kid: 'next', key: createHash('sha256').update('the next key').digest() };
    let current = signingKey;
    const stack = await product({ db, trusted, signingKey: () => current });
    const token = await tokenOf('ann', 'a', first);
    const calls = Array.from({ length: 60 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 10));
      return call(stack, token, count);
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await addScopeKey(db.owner, next);
    current = next;
    for (const answer of await Promise.all(calls)) expect([answer.status, answer.rows]).toEqual([200, [[1]]]);
    // A key that the database does not know.
    current = { kid: 'unknown', key: next.key };
    expect(await call(stack, token, count)).toMatchObject({ status: 200, code: 'internal', rows: undefined });
  });
});
