import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { revocationStores } from '../../src/app/identity-edge.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { revokeTokens } from '../../src/identity/revoke-tokens.ts';
import { openRedis, type RedisConnection } from '../../src/resilience/redis-connection.ts';
import { directory, keyOf } from '../identity/zava-directory.ts';
import { type TestDatabase, tiers } from '../support/databases.ts';
import { type EdgeStack, edgeStack } from '../support/edge-stack.ts';
import { rsaPair } from '../support/key-pair.ts';
import { postLegacy, postModern } from '../support/raw-mcp.ts';
import { lineTo, onRedis, until } from '../support/redis.ts';

const { publicKey, privateKey } = rsaPair();
const keys = await createPublicKeySource(publicKey.export({ type: 'spki', format: 'pem' }).toString());
const token = (subject: string, jti: string = randomUUID(), payload: object = {}) =>
  new SignJWT({ roles: ['store_manager'], allowed_stores: [keyOf(1)], ...payload })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('zava-auth')
    .setAudience('mcp-server')
    .setSubject(subject)
    .setJti(jti)
    .setIssuedAt(Math.floor(Date.now() / 1000) - 5)
    .setExpirationTime('1h')
    .sign(privateKey);
const sql = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT 1' } };
const date = { name: 'get_current_utc_date', arguments: {} };
const call = (stack: EdgeStack, bearer: string, params: typeof sql | typeof date = date) =>
  postLegacy(stack.mcpUrl, 'tools/call', params, { token: bearer });

onRedis('two replicas with one database and one Redis', (url) => {
  let db: TestDatabase;
  const open: { close(): Promise<void> }[] = [];
  // The installation's role prefix is part of every key in Redis.
  const prefix = `t${randomUUID().slice(0, 8)}`;
  beforeAll(async () => {
    db = await tiers[0]!.open();
  });
  afterAll(() => db.close());
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
  });

  async function replica(redisAddress: string, env: Record<string, string> = {}, database = db.database) {
    const redis: RedisConnection = openRedis({ url: redisAddress, note: () => {} });
    open.push(redis);
    await until('Redis is connected', () => redis.client.isReady);
    const stack = await edgeStack({
      trusted: { issuer: 'zava-auth', keys },
      directory,
      database,
      redis,
      env: { POSTGRES_ROLE_PREFIX: prefix, ...env },
    });
    open.push(stack);
    return { stack, redis };
  }
  const revoke = (request: Parameters<typeof revokeTokens>[0], redis: RedisConnection) => {
    const config = loadConfig({}, { POSTGRES_ROLE_PREFIX: prefix });
    const [database, inRedis] = revocationStores({ config, database: db.database, redis, clock: systemClock });
    return revokeTokens(request, { database, redis: inRedis, clock: systemClock, note: () => {} });
  };

  test('a token revoked on A is refused on B within five seconds', async () => {
    const [a, b] = [await replica(url), await replica(url)];
    const [bearer, jti] = [await token('ann', 'stolen'), 'stolen'];
    expect((await call(b.stack, bearer)).status).toBe(200);
    const started = performance.now();
    await revoke({ jti }, a.redis);
    await until('B refuses it', async () => (await call(b.stack, bearer)).status === 401);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('an open stream ends on B when its token is revoked on A, and looking after it takes nothing from its budget', async () => {
    const [a, b] = [await replica(url), await replica(url, { RATE_LIMIT_PER_MINUTE: '6', RATE_LIMIT_BURST: '3' })];
    const [bearer, jti] = [await token(randomUUID(), 'listening'), 'listening'];
    const params = { notifications: { toolsListChanged: true } };
    const stream = await postModern(b.stack.mcpUrl, 'subscriptions/listen', params, { token: bearer });
    const text = stream.text();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await call(b.stack, bearer)).status).toBe(200);
    expect((await call(b.stack, bearer)).status).toBe(200);
    await revoke({ jti }, a.redis);
    expect((await text).split('\n\n').at(-2)).toContain('"result":{"resultType":"complete"');
    expect((await postModern(b.stack.mcpUrl, 'subscriptions/listen', params, { token: bearer })).status).toBe(401);
  });

  test('while the database is away, what was revoked before is still known from Redis', async () => {
    const { redis } = await replica(url);
    await revoke({ jti: 'known from Redis' }, redis);
    const away = { query: async () => Promise.reject(new Error('connection refused')) };
    const { stack } = await replica(url, { DEV_ISSUER: 'true' }, { ...db.database, ...away });
    expect((await call(stack, await token('ann', 'known from Redis'))).status).toBe(401);
    expect((await call(stack, await token('ann'))).status).toBe(200);
  });

  test('they share a subject’s budget, and a restart does not renew it', async () => {
    const env = { RATE_LIMIT_PER_MINUTE: '6', RATE_LIMIT_BURST: '4' };
    const [a, b] = [await replica(url, env), await replica(url, env)];
    const bearer = await token(randomUUID());
    const statuses = [];
    for (const { stack } of [a, b, a, b]) statuses.push((await call(stack, bearer)).status);
    expect(statuses).toEqual([200, 200, 200, 200]);
    const refused = await call(a.stack, bearer);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect((await call((await replica(url, env)).stack, bearer)).status).toBe(429);
  });

  test('the first call past the burst is refused, and after the stated time it is not', async () => {
    const { stack } = await replica(url, { RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '2' });
    const bearer = await token(randomUUID());
    const responses = await Promise.all([1, 2, 3].map(() => call(stack, bearer)));
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 200, 429]);
    const seconds = Number(responses.find(({ status }) => status === 429)?.headers.get('retry-after'));
    expect(seconds).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    expect((await call(stack, bearer)).status).toBe(200);
  });

  test('a tool has its own budget, after the permission', async () => {
    const { stack } = await replica(url, { RATE_LIMIT_SQL_PER_MINUTE: '2' });
    const subject = randomUUID();
    const catalogue = await token(subject, randomUUID(), { scope: 'catalog:read' });
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await call(stack, catalogue, sql)).status).toBe(403);
    const bearer = await token(subject);
    const statuses = [];
    for (let attempt = 0; attempt < 3; attempt += 1) statuses.push((await call(stack, bearer, sql)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await call(stack, bearer, date)).status).toBe(200);
  });

  test('bad tokens of one address: the twenty-first in a minute is answered 429, and a good one 200', async () => {
    // Other tests fail from this address, too.
    const { stack } = await replica(url, { POSTGRES_ROLE_PREFIX: `${prefix}_alone` });
    const statuses = [];
    for (let attempt = 0; attempt < 21; attempt += 1) statuses.push((await call(stack, 'bad')).status);
    expect(statuses).toEqual([...Array(20).fill(401), 429]);
    expect((await call(stack, await token(randomUUID()))).status).toBe(200);
  });

  describe('when Redis dies', () => {
    test('calls go on, limited by each replica, and no call fails for it', async () => {
      const line = await lineTo(url);
      open.push(line);
      const { stack, redis } = await replica(line.url, { RATE_LIMIT_PER_MINUTE: '6', RATE_LIMIT_BURST: '3' });
      const bearer = await token(randomUUID());
      expect((await call(stack, bearer)).status).toBe(200);
      await line.cut();
      await until('the connection is gone', () => !redis.client.isReady);
      const statuses = [];
      for (let attempt = 0; attempt < 4; attempt += 1) statuses.push((await call(stack, bearer)).status);
      expect(statuses).toEqual([200, 200, 200, 429]);
      await line.restore();
      await until('it is back', () => redis.client.isReady);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect((await call(stack, bearer)).status).toBe(200);
    });
  });
});

test('without an issuer every call is refused', async () => {
  const { createIdentityEdge } = await import('../../src/app/identity-edge.ts');
  const { retailDefinition } = await import('../../src/retail/definition.ts');
  const edge = createIdentityEdge({
    config: loadConfig({}, {}),
    definition: retailDefinition,
    database: { query: async () => [] },
    tenants: async () => directory,
    clock: systemClock,
    note: () => {},
  });
  await expect(
    edge.callers(undefined, 'r').authenticate({ token: await token('ann'), tenantHeader: [], peer: undefined, requestId: 'r1' }),
  ).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});
