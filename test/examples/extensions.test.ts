import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPagerDutyChannel } from '../../examples/alert-channel/pagerduty-channel.ts';
import { createFolderTexts } from '../../examples/cache-store/folder-texts.ts';
import { deliveriesTable } from '../../examples/own-table/deliveries-table.ts';
import { createOllamaEmbedder } from '../../examples/second-embedder/ollama-embedder.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { SchemaDefinition } from '../../src/core/schema-definition.ts';
import { expandPieces, readCorePieces } from '../../src/postgres/core-pieces.ts';
import { readMigrations } from '../../src/postgres/migrate.ts';
import { prove } from '../../src/proof/prove.ts';
import { createEnvelope } from '../../src/vault/envelope.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';
import { anything, entryFor } from '../cache/entries.ts';
import { alertChannelContract, ended, never, notice } from '../contracts/alert-channel.ts';
import { cacheStoreContract } from '../contracts/cache-store.ts';
import { embedderContract } from '../contracts/embedder.ts';
import { embeddedTier, signingKey, type TestDatabase, tenantDirectory } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { vectorFor } from '../support/embedding-service.ts';
import { testIssuer } from '../support/people.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';
import { startReceiver } from '../support/receiver.ts';

/** Answers as Ollama does, with vectors that mean nothing. */
async function ollama(dimensions: number) {
  const state = { status: 200, dimensions };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input: string[] };
    response.writeHead(state.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ embeddings: input.map((text) => vectorFor(text, state.dimensions)) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

describe('a second embedder: Ollama (a stand-in of its endpoint)', () => {
  const open = async () => {
    const service = await ollama(64);
    const embedder = createOllamaEmbedder({ url: service.url, model: 'nomic-embed-text', dimensions: 64, clock: systemClock });
    return { service, embedder, close: service.close };
  };
  embedderContract(open);

  test.each([
    ['answers with other vectors', { dimensions: 3 }, 'The embedding service sent no 64 numbers for each text'],
    ['fails', { status: 500 }, 'The embedding service answers HTTP 500'],
  ])('says so where the service %s, and nothing of what it was asked', async (_what, trouble, message) => {
    const { service, embedder, close } = await open();
    Object.assign(service.state, trouble);
    await expect(embedder.embed(['secret'])).rejects.toThrow(message);
    await close();
  });

  test('says so where nobody answers', async () => {
    const { embedder, close } = await open();
    await close();
    await expect(embedder.embed(['secret'])).rejects.toMatchObject({ code: 'dependency_unavailable' });
  });
});

describe('a second cache store: a folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cache-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const seal = createEnvelope(() => createKeyRing([newEncryptionKey('k1')]));
  let made = 0;
  const make = async (changes: object = {}) => {
    made += 1;
    const place = join(folder, String(made));
    const keeping = { keepExpiredMs: 0, maxKeepMs: 330_000, ...changes };
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const store = createRedisStore({
      redis: createFolderTexts(place),
      prefix: 'zava:',
      seal,
      clock: systemClock,
      onError,
      ...keeping,
    });
    return Object.assign(store, { place, errors });
  };
  const ring = createKeyRing([newEncryptionKey('k1')]);
  const own = createEnvelope(() => ring);
  cacheStoreContract(async (changes) => {
    const { place } = await make();
    const keeping = { keepExpiredMs: 0, maxKeepMs: 330_000, ...changes };
    return createRedisStore({
      redis: createFolderTexts(place),
      prefix: 'zava:',
      seal: own,
      clock: systemClock,
      onError: () => {},
      ...keeping,
    });
  });

  test('what somebody else wrote into the folder is a miss', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60_000));
    const [file = ''] = await readdir(store.place);
    const text = await readFile(join(store.place, file), 'utf8');
    expect(text).not.toContain('store_id');
    await writeFile(join(store.place, file), `${text.slice(0, -3)}AAA`);
    expect(await store.get('key', anything)).toBeUndefined();
    expect(store.errors).toHaveLength(1);
  });

  test('no key leads out of the folder', async () => {
    await expect(createFolderTexts(folder).get('../../etc/passwd')).rejects.toThrow(/no name of a file/);
  });
});

describe('a second alert channel: PagerDuty', () => {
  alertChannelContract('pagerduty', (url, routingKey) => createPagerDutyChannel({ url, routingKey }));

  test('an alert opens one incident, however often it is told, and its end closes it', async () => {
    const receiver = await startReceiver();
    const channel = createPagerDutyChannel({ url: receiver.url, routingKey: 'R1' });
    await channel.send(notice, never);
    await channel.send({ ...notice, kind: 'reminder', server: 'mcp on another host' }, never);
    await channel.send(ended, never);
    await channel.send({ ...notice, labels: { subject: 'agent 8' } }, never);
    await receiver.close();
    const events = receiver.received.map(({ body }) => body);
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'trigger', 'resolve', 'trigger']);
    expect(new Set(events.slice(0, 3).map(({ dedup_key }) => dedup_key)).size).toBe(1);
    expect(events[3].dedup_key).not.toBe(events[0].dedup_key);
    expect(events[0]).toMatchObject({
      routing_key: 'R1',
      payload: {
        summary: '[FIRING] medium: query_flood: One subject asked much.',
        ...{ source: 'mcp on host', severity: 'warning', timestamp: '2026-11-22T00:00:00.000Z' },
        custom_details: { subject: 'agent 7', value: '7000 queries', 'what to do': 'Talk to its owner.' },
      },
    });
  });
});

describe('a table of one’s own', () => {
  let db: TestDatabase;
  let product: ProductStack;
  const definition: SchemaDefinition = {
    ...retailSchema.definition,
    relations: [...retailSchema.definition.relations, deliveriesTable],
  };
  const issuing = testIssuer();
  let migration: string;
  beforeAll(async () => {
    db = await embeddedTier.open();
    const text = await readFile(new URL('../../examples/own-table/deliveries.sql', import.meta.url), 'utf8');
    const pieces = await readCorePieces(new URL('core/', retailSchema.migrations));
    migration = expandPieces('deliveries.sql', text, pieces).text.replaceAll('{{prefix}}', 'zava');
    await db.owner.script(migration);
    await db.owner.script(`INSERT INTO retail.deliveries
      SELECT n, n % 8 + 1, n, 10, date '2026-12-01' + n, 'leave at the gate' FROM generate_series(1, 40) n`);
    const { trusted } = await issuing;
    product = await productStack({ db, trusted, served: { ...retailSchema, definition } });
  });
  afterAll(async () => {
    await product?.close();
    await db?.close();
  });

  const ask = async (person: 'seattle' | 'headOffice', name: string, args: object) => {
    const token = await (await issuing).tokenOf(person);
    return (await answerOf(await postModern(product.mcpUrl, 'tools/call', { name, arguments: args }, { token }))).result;
  };

  test('is described, queried in the caller’s scope, and labelled', async () => {
    const described = await ask('seattle', 'get_multiple_table_schemas', { table_names: ['deliveries'] });
    expect(described.content[0].text).toContain('Deliveries that a store in scope expects.');
    const sql =
      'SELECT s.store_name, count(*) AS due, max(d.supplier_note) AS note FROM deliveries d JOIN stores s USING (store_id) GROUP BY 1';
    const seattle = (await ask('seattle', 'execute_sales_query', { postgresql_query: sql })).structuredContent;
    expect(seattle.rows).toEqual([['Zava Retail Seattle', 5, 'leave at the gate']]);
    expect((await ask('headOffice', 'execute_sales_query', { postgresql_query: sql })).structuredContent.row_count).toBe(8);
    const { columns } = (
      await ask('seattle', 'execute_sales_query', { postgresql_query: 'SELECT supplier_note FROM deliveries' })
    ).structuredContent;
    expect(columns[0].labels).toEqual(['untrusted_text']);
  });

  const proof = async () =>
    prove({
      ...{ database: db.database, definition, prefix: 'zava', clock: systemClock, signingKey: () => signingKey },
      tenants: await tenantDirectory(db.database),
      migrations: [...(await readMigrations(retailSchema.migrations)), { text: migration }],
    });

  test('passes the proof, which fails without its policy', async () => {
    expect((await proof()).passed).toBe(true);
    await db.admin.script('ALTER TABLE retail.deliveries NO FORCE ROW LEVEL SECURITY');
    const { passed, findings } = await proof();
    await db.admin.script('ALTER TABLE retail.deliveries FORCE ROW LEVEL SECURITY');
    expect(passed).toBe(false);
    expect(findings.map(({ where }) => where).join()).toContain('deliveries');
  });
});
