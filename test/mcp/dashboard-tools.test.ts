import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { awkwardResult, type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';

let stack: HttpStack;
beforeAll(async () => {
  const rowsJson = '[["2025-01-01","2025-12-31"]]';
  stack = await httpStack({ runQuery: async () => ({ ...awkwardResult, rowsJson, rowCount: 1 }) });
});
afterAll(() => stack.close());

const uri = 'ui://sales-dashboard/page.html';

describe.each([
  ['2026-07-28', modernClient],
  ['2025-11-25', legacyClient],
] as const)('MCP Apps in revision %s', (_era, connect) => {
  test('the tool names its page, and the page’s own tool is nothing for a model', async () => {
    const client = await connect(stack.mcpUrl, 'manager');
    const { tools } = await client.listTools();
    const named = (name: string) => tools.find((tool) => tool.name === name);
    expect(named('show_sales_dashboard')).toMatchObject({
      _meta: { ui: { resourceUri: uri } },
      inputSchema: { properties: { period: { type: 'string' }, store_names: { type: 'array' } } },
      outputSchema: { type: 'object' },
    });
    expect(named('read_sales_dashboard')).toEqual({
      name: 'read_sales_dashboard',
      inputSchema: { type: 'object' },
      outputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
      _meta: { ui: { visibility: ['app'] } },
    });
    await client.close();
  });

  test('the page is one small file of the right type that needs no network', async () => {
    const client = await connect(stack.mcpUrl, 'manager');
    const { contents } = await client.readResource({ uri });
    const [content] = contents as unknown as [{ mimeType: string; text: string }];
    expect(content.mimeType).toBe('text/html;profile=mcp-app');
    expect(Buffer.byteLength(content.text)).toBeLessThan(64 * 1024);
    const addresses = content.text.match(/https?:\/\/[^"'`\s)]+/g) ?? [];
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']));
    expect(content.text).not.toMatch(/<link|<img|@import|url\(|src=|eval\(|innerHTML|insertAdjacentHTML|document\.write/);
    await client.close();
  });
});

test('who may not read sales is offered neither the tools nor the page', async () => {
  const client = await legacyClient(stack.mcpUrl, 'catalogue');
  expect((await client.listTools()).tools.map(({ name }) => name).filter((name) => name.includes('dashboard'))).toEqual([]);
  expect((await client.listResources()).resources.map((resource) => resource.uri)).not.toContain(uri);
  await client.close();
  for (const [method, params] of [
    ['resources/read', { uri }],
    ['tools/call', { name: 'read_sales_dashboard', arguments: {} }],
  ] as const) {
    const response = await postModern(stack.mcpUrl, method, params, { token: 'catalogue' });
    expect([response.status, (await answerOf(response)).error.data.code]).toEqual([403, 'insufficient_scope']);
  }
});

test('a model names stores by their names, and gets figures as text and as data', async () => {
  const asked = { name: 'show_sales_dashboard', arguments: { store_names: ['Seattle'], period: '2025' } };
  const { result } = await answerOf(await postModern(stack.mcpUrl, 'tools/call', asked, { token: 'manager' }));
  expect(result.structuredContent).toMatchObject({
    title: 'Zava sales',
    chosen_period: '2025',
    filters: [{ dimension: 'store', options: ['Zava Retail Seattle'], chosen: ['Seattle'] }, { dimension: 'category' }],
  });
  expect(JSON.parse(result.content[0].text)).toMatchObject({
    period: ['2025-01-01', '2025-12-31'],
    previous: ['2024-01-01', '2024-12-31'],
  });
});

test.each([
  [{ periode: '2025' }, 'invalid_input'],
  [{ period: 7 }, 'invalid_input'],
  [{ filters: { store: 'Seattle' } }, 'invalid_input'],
  [{ filters: { password: ['x'] } }, 'invalid_input'],
  [{ filters: { category: ["x' OR '1'='1\u0000"] } }, 'invalid_input'],
  [{ filters: { store: [] } }, 'invalid_input'],
  [{ filters: { store: Array.from({ length: 51 }, () => 'Seattle') } }, 'invalid_input'],
  [{ filters: { store: ['Bellevue'] } }, 'not_found'],
  [{ period: 'x'.repeat(100_000) }, 'invalid_input'],
])('arguments that a page would not send are refused: %j', async (args, code) => {
  const response = await postModern(
    stack.mcpUrl,
    'tools/call',
    { name: 'read_sales_dashboard', arguments: args },
    { token: 'manager' },
  );
  const { result } = await answerOf(response);
  expect([result.isError, JSON.parse(result.content[0].text).code]).toEqual([true, code]);
});
