import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { realTiers } from '../postgres/real-servers.ts';
import type { TestDatabase } from '../support/databases.ts';
import { modernClient } from '../support/mcp-clients.ts';
import { until } from '../support/redis.ts';
import { replica, tokenFor } from './replicas.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

describe.skipIf(realTiers.length === 0).each(realTiers)('Streams of changes on $name', ({ open: openDatabase }) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openDatabase();
  });
  afterAll(() => db?.close());

  test('a new category is told on every replica, and what is read then has it', async () => {
    const token = await tokenFor([1]);
    const uri = 'zava://schema/categories';
    const listeners = await Promise.all(
      [1, 2].map(async () => {
        const one = await replica(db);
        open.push(one);
        const probe = 'SELECT count(*) AS n FROM categories';
        await until('changes are heard', async () => (await one.ask(token, probe)).cached === true);
        const client = await modernClient(one.mcpUrl, token);
        open.push(client);
        const read = async () => JSON.stringify(await client.readResource({ uri }, { cacheMode: 'refresh' }));
        expect(await read()).not.toContain('GARDEN DREAMS');
        const heard: string[] = [];
        client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
        await client.listen({ resourceSubscriptions: [uri] });
        return { heard, read };
      }),
    );
    await db.owner.query("INSERT INTO retail.categories (category_id, category_name) VALUES (999, 'GARDEN DREAMS')");
    await until('both have heard', () => listeners.every(({ heard }) => heard.includes(uri)));
    for (const { read } of listeners) expect(await read()).toContain('GARDEN DREAMS');
  });
});
