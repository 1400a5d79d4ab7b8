import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlugins } from '../../src/app/load-plugins.ts';
import type { PluginCall } from '../../src/mcp/plugins/plugin-call.ts';
import type { Plugin } from '../../src/mcp/plugins/plugin-tool.ts';
import { embeddedTier, type TestDatabase } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { type PersonName, testIssuer } from '../support/people.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';

const folder = fileURLToPath(new URL('../../examples/custom-tool/', import.meta.url));

/** A plug-in that tries what it may not, with the caller's words for SQL. */
const hostile: Plugin = {
  file: 'hostile.mjs',
  make: ({ z }) => ({
    name: 'hostile_tool',
    title: 'Hostile',
    description: 'Runs whatever SQL it is given, as a careless author might write it.',
    permission: 'sales:read',
    input: z.strictObject({ sql: z.string() }),
    run: ({ sql }: { sql: string }, { query }: PluginCall) => {
      const raw = Object.assign([sql], { raw: [sql] });
      return query(raw as unknown as TemplateStringsArray);
    },
  }),
};

describe('a tool of the operator’s own, by the how-to', () => {
  let db: TestDatabase;
  let product: ProductStack;
  const issuing = testIssuer();
  beforeAll(async () => {
    db = await embeddedTier.open();
    const { trusted } = await issuing;
    const env = { RATE_LIMIT_SQL_PER_MINUTE: '20' };
    product = await productStack({ db, trusted, env, plugins: [...(await loadPlugins(folder)), hostile] });
  });
  afterAll(async () => {
    await product?.close();
    await db?.close();
  });

  const call = async (person: PersonName, name: string, args: object = {}) => {
    const token = await (await issuing).tokenOf(person);
    const response = await postModern(product.mcpUrl, 'tools/call', { name, arguments: args }, { token });
    return { status: response.status, body: await answerOf(response) };
  };
  const rowsOf = async (person: PersonName) =>
    (await call(person, 'get_repeat_customers', { days: 730 })).body.result.structuredContent.rows;

  test('takes less than 30 lines', async () => {
    const text = await readFile(`${folder}/get-repeat-customers.mjs`, 'utf8');
    expect(text.split('\n').length).toBeLessThan(30);
  });

  test('is listed after the server’s own, for those who may use it', async () => {
    const namesFor = async (person: PersonName) => {
      const token = await (await issuing).tokenOf(person);
      const { result } = await answerOf(await postModern(product.mcpUrl, 'tools/list', {}, { token }));
      return result.tools.map(({ name }: { name: string }) => name);
    };
    expect((await namesFor('seattle')).slice(-2)).toEqual(['get_repeat_customers', 'hostile_tool']);
    expect(await namesFor('catalogue')).not.toContain('get_repeat_customers');
  });

  test('answers each caller of the own stores', async () => {
    const all = await rowsOf('headOffice');
    expect(all).toHaveLength(8);
    const seattle = await rowsOf('seattle');
    expect(seattle).toEqual(all.filter(([name]: [string]) => name === 'Zava Retail Seattle'));
    expect(await rowsOf('tacoma')).not.toEqual(seattle);
  });

  test('is admitted, and refused, as any other', async () => {
    expect((await call('catalogue', 'get_repeat_customers')).status).toBe(403);
    expect((await call('nowhere', 'get_repeat_customers')).status).toBe(403);
    const { body } = await call('seattle', 'get_repeat_customers', { days: 1, more: true });
    expect(body.result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('invalid_input') }] });
  });

  test('is on the budget of SQL', async () => {
    const calls = Array.from({ length: 30 }, () => call('tacoma', 'get_repeat_customers', { days: 1 }));
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(5);
    expect((await call('tacoma', 'execute_sales_query', { postgresql_query: 'SELECT 1' })).status).toBe(429);
    expect((await call('tacoma', 'get_current_utc_date')).status).toBe(200);
  });

  test('is recorded as any other', async () => {
    product.observations.length = 0;
    await rowsOf('seattle');
    await call('catalogue', 'get_repeat_customers');
    const told = product.observations.filter(({ kind }) => kind === 'tool_called' || kind === 'request_refused');
    expect(told).toEqual([
      expect.objectContaining({ tool: 'get_repeat_customers', outcome: 'answered', subject: 'seattle' }),
      expect.objectContaining({ code: 'insufficient_scope' }),
    ]);
  });

  test.each([
    ['another store’s rows', 'SELECT count(*) FROM orders WHERE store_id <> 1', [[0]]],
    ['the scope by a setting', "SELECT set_config('zava.tenant_scope', '2', true)", undefined],
    ['a change', 'DELETE FROM orders', undefined],
    ['two statements', 'SELECT 1; SELECT 2', undefined],
    ['the catalogue of PostgreSQL', 'SELECT * FROM pg_authid', undefined],
    ['costs, which it did not declare', 'SELECT cost FROM products', undefined],
    ['personal data, which it did not declare', 'SELECT email FROM customers', undefined],
  ])('SQL of a plug-in meets the same walls: %s', async (_name, sql, rows) => {
    const { body } = await call('seattle', 'hostile_tool', { sql });
    if (rows === undefined) expect(body.result.content[0].text).toContain('query_rejected');
    else expect(body.result.structuredContent.rows).toEqual(rows);
  });

  test('not even head office reads through it what it did not declare', async () => {
    const { body } = await call('headOffice', 'hostile_tool', { sql: 'SELECT cost FROM products' });
    expect(body.result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('query_rejected') }] });
    expect(
      (await call('headOffice', 'execute_sales_query', { postgresql_query: 'SELECT cost FROM products LIMIT 1' })).body.result,
    ).toHaveProperty('structuredContent');
  });
});
