import { describe, expect, test } from 'vitest';
import type { Tenant } from '../../src/core/principal.ts';
import type { TextRow } from '../../src/postgres/database.ts';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { answerOf, post, postRaw } from '../support/raw-mcp.ts';
import type { Caller, Served } from './product.ts';

export interface Installation {
  readonly served: Served;
  /** All rows, as an administrator's own session counts them: nothing of the product stands between. */
  truth(sql: string): Promise<TextRow[]>;
}

export interface ToolAnswer {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text: string }[];
  readonly structuredContent?: {
    readonly columns: readonly { readonly name: string; readonly type: string }[];
    readonly rows: readonly (readonly (string | number | boolean | null)[])[];
    readonly row_count: number;
    readonly truncated: boolean;
    readonly scope: readonly string[];
  };
}

interface Client {
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

export const clients: Record<string, (url: string, token: string) => Promise<Client>> = {
  '2026-07-28': modernClient,
  '2025-11-25 and older': legacyClient,
};

export const query = (postgresql_query: string) => ({ name: 'execute_sales_query', arguments: { postgresql_query } });
export const ask = async (client: Client, sql: string) => (await client.callTool(query(sql))) as ToolAnswer;

export const revenueByStore =
  'SELECT s.store_name, sum(o.total_amount) AS revenue, count(*) AS orders FROM orders o JOIN stores s ON s.store_id = o.store_id GROUP BY s.store_name ORDER BY s.store_name';
const trueRevenueByStore = `SELECT s.store_name, r.region_name, s.rls_user_id::text AS key, sum(o.total_amount)::text AS revenue,
  count(*)::text AS orders FROM retail.orders o JOIN retail.stores s USING (store_id) JOIN retail.regions r USING (region_id)
  GROUP BY 1, 2, 3 ORDER BY 1`;

const roles = {
  store: { title: "Seattle's manager", sees: (store: Pick<Tenant, 'name' | 'group'>) => store.name === 'Zava Retail Seattle' },
  region: { title: "Puget Sound's manager", sees: (store: Pick<Tenant, 'name' | 'group'>) => store.group === 'Puget Sound' },
  headOffice: { title: 'head office', sees: () => true },
} as const;
type Role = keyof typeof roles;
const roleNames = Object.keys(roles) as Role[];

const storeNames = ['Bellevue', 'Everett', 'Kirkland', 'Online', 'Redmond', 'Seattle', 'Spokane', 'Tacoma'];

/** Who sees what, asked as a user's client would ask. */
export function tellsEachCallerTheirOwn(installation: () => Installation): void {
  const caller = (role: Role): Caller => installation().served.callers[role];
  const truth = async () =>
    (await installation().truth(trueRevenueByStore)).map((row) => ({
      name: row.store_name ?? '',
      group: row.region_name ?? '',
      key: row.key ?? '',
      row: [row.store_name, Number(row.revenue), Number(row.orders)],
    }));

  describe.each(Object.keys(clients))('with a client of %s', (era) => {
    test.each([
      ['store', 1],
      ['region', 4],
      ['headOffice', 8],
    ] as const)('revenue by store for the caller %s has %i rows, and the true sums', async (role, count) => {
      const client = await clients[era]?.(installation().served.url, caller(role).token);
      if (client === undefined) throw new Error('no such client');
      const answer = await ask(client, revenueByStore);
      await client.close();
      const expected = (await truth()).filter(roles[role].sees);
      expect(answer.structuredContent?.rows).toEqual(expected.map(({ row }) => row));
      expect(answer.structuredContent?.row_count).toBe(count);
      expect([...(answer.structuredContent?.scope ?? [])].sort()).toEqual(expected.map(({ name }) => name));
    });
  });

  test.each(roleNames.flatMap((role) => storeNames.map((store) => [role, store] as const)))(
    'the caller %s narrowed to %s gets that store, or is refused',
    async (role, name) => {
      const store = (await truth()).find((candidate) => candidate.name === `Zava Retail ${name}`);
      if (store === undefined) throw new Error(`there is no store ${name}`);
      const response = await post['2026-07-28'](installation().served.url, 'tools/call', query(revenueByStore), {
        token: caller(role).token,
        headers: { 'x-rls-user-id': store.key.toUpperCase() },
      });
      const answer = await answerOf(response);
      if (roles[role].sees(store)) {
        expect(answer.result.structuredContent.rows).toEqual([store.row]);
      } else {
        expect({ status: response.status, code: answer.error.data.code }).toEqual({ status: 403, code: 'forbidden' });
      }
    },
  );

  test('a statement that asks for other stores gets none of them', async () => {
    const sql =
      "SELECT count(*) FROM orders WHERE store_id <> (SELECT store_id FROM stores WHERE store_name = 'Zava Retail Seattle')";
    const answer = await answerOf(
      await post['2025-11-25'](installation().served.url, 'tools/call', query(sql), { token: caller('store').token }),
    );
    expect(answer.result.structuredContent.rows).toEqual([[0]]);
  });

  test.each([
    ['no key', 'Redmond'],
    ['a key with a line of hyphens missing', 'f47ac10b58cc4372a5670e02b2c3d479'],
    ['two keys in one header', '%s, %s'],
    ['the key of everything, from a manager', '00000000-0000-0000-0000-000000000000'],
    ['a key of nobody', 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'],
    ['an empty value', ''],
  ])('a narrowing header that is %s is refused', async (_what, value) => {
    const own = (await truth()).find(roles.store.sees)?.key ?? '';
    const response = await post['2025-11-25'](installation().served.url, 'tools/call', query(revenueByStore), {
      token: caller('store').token,
      headers: { 'x-rls-user-id': value.replaceAll('%s', own) },
    });
    expect(response.status).toBe(403);
    expect((await answerOf(response)).error).toMatchObject({ code: -32000, data: { code: 'forbidden' } });
  });

  test('what a role may not read it cannot name, and * leaves it out', async () => {
    const columns = async (role: Role, sql: string) => {
      const token = caller(role).token;
      const { result } = await answerOf(await post['2026-07-28'](installation().served.url, 'tools/call', query(sql), { token }));
      if (result.isError) return JSON.parse(result.content[0].text).code as string;
      return result.structuredContent.columns.map((column: { name: string }) => column.name) as string[];
    };
    const cost = 'SELECT cost FROM products LIMIT 1';
    expect(await columns('store', cost)).toMatch(/^query_(rejected|failed)$/);
    expect(await columns('region', cost)).toEqual(['cost']);
    expect(await columns('headOffice', cost)).toEqual(['cost']);
    const email = 'SELECT email FROM customers LIMIT 1';
    expect(await columns('store', email)).toMatch(/^query_(rejected|failed)$/);
    expect(await columns('region', email)).toMatch(/^query_(rejected|failed)$/);
    expect(await columns('headOffice', email)).toEqual(['email']);
    expect(await columns('store', 'SELECT * FROM products LIMIT 1')).not.toContain('cost');
    expect(await columns('region', 'SELECT * FROM products LIMIT 1')).toContain('cost');
    expect(await columns('region', 'SELECT * FROM customers LIMIT 1')).not.toContain('email');
    expect(await columns('headOffice', 'SELECT * FROM customers LIMIT 1')).toContain('email');
  });

  test('sixty calls of three callers at once each get their own answer', async () => {
    const open = clients['2026-07-28'] ?? modernClient;
    const opened = await Promise.all(
      roleNames.map(async (role) => ({ role, client: await open(installation().served.url, caller(role).token) })),
    );
    const stores = await truth();
    const questions = [
      { sql: revenueByStore, expected: (own: typeof stores) => own.map(({ row }) => row) },
      {
        sql: 'SELECT count(*) FROM orders',
        expected: (own: typeof stores) => [[own.reduce((sum, { row }) => sum + Number(row[2]), 0)]],
      },
      { sql: 'SELECT nonsense FROM orders', expected: () => undefined },
      { sql: 'SELECT count(DISTINCT store_id) FROM inventory', expected: (own: typeof stores) => [[own.length]] },
    ];
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const { role, client } = opened[index % 3] ?? {};
        const { sql, expected } = questions[index % 4] ?? {};
        if (role === undefined || client === undefined || sql === undefined) throw new Error('not reached');
        const answer = await ask(client, sql);
        expect(answer.structuredContent?.rows, `${role}: ${sql}`).toEqual(expected?.(stores.filter(roles[role].sees)));
        expect(answer.isError ?? false).toBe(sql.includes('nonsense'));
      }),
    );
    await Promise.all(opened.map(({ client }) => client.close()));
  });
}

/** What reaches the wire, byte by byte, and what is refused. */
export function keepsToTheWire(installation: () => Installation): void {
  const call = (sql: string) =>
    post['2025-11-25'](installation().served.url, 'tools/call', query(sql), {
      token: installation().served.callers.headOffice.token,
    });

  test('numbers keep their digits, and text its characters', async () => {
    const text = await (await call('SELECT 12.50 AS price, 0.10::numeric(6,4) AS rate, \'Grüße 🛠 日本 "x" \\\' AS words')).text();
    expect(text).toContain('"rows":[[12.50,0.1000,"Grüße 🛠 日本 \\"x\\" \\\\"]]');
    const { result } = JSON.parse(text) as { result: ToolAnswer };
    expect(result.content[0]?.text).toContain('"r":[[12.50,0.1000,"Grüße 🛠 日本 \\"x\\" \\\\"]]');
  });

  test('what is cut says so, in both forms', async () => {
    const { result } = await answerOf(await call('SELECT order_item_id FROM order_items ORDER BY 1'));
    expect(result.structuredContent).toMatchObject({ truncated: true, row_count: 1000 });
    expect(result.structuredContent.hint).toMatch(/aggregate, filter/);
    expect(JSON.parse(result.content[0].text)).toMatchObject({ n: 1000, t: true });
    const whole = await answerOf(await call('SELECT store_name FROM stores'));
    expect(JSON.parse(whole.result.content[0].text)).not.toHaveProperty('t');
  });

  test.each([
    ['broken SQL', 'SELEC 1', 'query_rejected'],
    ['two statements', 'SELECT 1; TRUNCATE orders', 'query_rejected'],
    ['a column that is not there', 'SELECT colour FROM orders', /^query_/],
    ['a division by zero', 'SELECT 1 / (order_id - order_id) FROM orders', 'query_failed'],
  ])('%s is an error result with the closed body', async (_what, sql, code) => {
    const response = await call(sql);
    const { result } = await answerOf(response);
    expect({ status: response.status, isError: result.isError }).toEqual({ status: 200, isError: true });
    const body = JSON.parse(result.content[0].text);
    expect(body).toEqual({ code: expect.stringMatching(code), message: expect.any(String), hint: expect.any(String) });
  });

  test('an almost full megabyte of SQL is answered, and more is refused', async () => {
    const within = await call(`SELECT 1 AS a /* ${'x'.repeat(1_000_000)} */`);
    expect(within.status).toBe(200);
    const long = `SELECT ${Array.from({ length: 100_000 }, (_, index) => index).join(', ')}`;
    expect((await answerOf(await call(long))).result.isError).toBe(true);
    const beyond = await call(`SELECT 1 /* ${'x'.repeat(1_100_000)} */`);
    expect({ status: beyond.status, error: (await answerOf(beyond)).error }).toMatchObject({
      status: 400,
      error: { code: -32600 },
    });
  });

  test('what is no JSON is refused with -32700', async () => {
    const { url, callers } = installation().served;
    const response = await postRaw(url, '{"jsonrpc": "2.0", ', { token: callers.store.token });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ id: null, error: { code: -32700, data: { code: 'invalid_input' } } });
  });

  test.each([
    ['no token', ''],
    ['garbage', 'not.a.token'],
    ['a token of another key', `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.e30.AAAA`],
    ['an unsigned token', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ])('%s gets 401 and the challenge', async (_what, token) => {
    const { url } = installation().served;
    const response = await post['2026-07-28'](url, 'tools/list', {}, { token });
    expect(response.status).toBe(401);
    const challenge = response.headers.get('WWW-Authenticate') ?? '';
    const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    expect(await (await fetch(metadata)).json()).toMatchObject({ resource: url });
  });
}
