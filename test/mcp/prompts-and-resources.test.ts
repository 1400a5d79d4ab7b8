import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modernClient } from '../support/mcp-clients.ts';
import { type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';

let stack: HttpStack;
let client: Awaited<ReturnType<typeof modernClient>>;
beforeAll(async () => {
  stack = await httpStack();
  client = await modernClient(stack.mcpUrl, 'manager');
});
afterAll(async () => {
  await client.close();
  await stack.close();
});

const textOf = async (name: string, args?: Record<string, string>) => {
  const { messages } = await client.getPrompt({ name, ...(args && { arguments: args }) });
  const [message] = messages;
  return message?.content.type === 'text' ? message.content.text : '';
};

describe('prompts', () => {
  test('the seven are listed, with the arguments they need', async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.map((prompt) => prompt.name)).toEqual([
      'sales_analyst',
      'top_products',
      'sales_by_store',
      'quarter_by_category',
      'find_similar_products',
      'store_review',
      'seasonal_plan',
    ]);
    expect(prompts.find((prompt) => prompt.name === 'store_review')?.arguments).toMatchObject([
      { name: 'store', required: true },
      { name: 'period', required: false },
    ]);
  });

  test('an argument stands in the text, a missing one is replaced by its fallback', async () => {
    expect(await textOf('top_products', { period: '2025' })).toContain('top 20 products by revenue in 2025');
    expect(await textOf('top_products')).toContain('in the last complete quarter that has data');
    expect(await textOf('top_products', { category: 'LUMBER' })).toContain('from LUMBER');
    expect(await textOf('top_products', { period: ' ' })).toContain('in the last complete quarter that has data');
  });

  test('an argument is text: braces and dollars in it do nothing', async () => {
    expect(await textOf('find_similar_products', { description: '{period} $& $1' })).toContain('for: {period} $& $1.');
  });

  test('no prompt leaves a placeholder behind', async () => {
    for (const { name, arguments: args = [] } of (await client.listPrompts()).prompts) {
      const given = Object.fromEntries(args.map((argument) => [argument.name, 'x']));
      expect(await textOf(name, given)).not.toMatch(/\{\w+\}/);
    }
  });
});

describe('completion', () => {
  const complete = async (
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string },
    name: string,
    value = '',
  ) => (await client.complete({ ref, argument: { name, value } })).completion.values;

  test('stores are those of the caller', async () => {
    expect(await complete({ type: 'ref/prompt', name: 'store_review' }, 'store', 'sea')).toEqual(['Zava Retail Seattle']);
    expect(await complete({ type: 'ref/prompt', name: 'store_review' }, 'store', 'tacoma')).toEqual([]);
  });

  test('fixed suggestions and tables are offered by what was typed', async () => {
    expect(await complete({ type: 'ref/prompt', name: 'seasonal_plan' }, 'season', 'w')).toEqual(['winter']);
    expect(await complete({ type: 'ref/resource', uri: 'zava://schema/{table}' }, 'table', 'order')).toEqual([
      'orders',
      'order_items',
    ]);
  });

  test('nothing known is an empty list', async () => {
    expect(await complete({ type: 'ref/prompt', name: 'nothing' }, 'x')).toEqual([]);
    expect(await complete({ type: 'ref/prompt', name: 'top_products' }, 'x')).toEqual([]);
    expect(await complete({ type: 'ref/resource', uri: 'zava://other/{x}' }, 'table')).toEqual([]);
  });
});

describe('resources', () => {
  const read = async (uri: string) => {
    const [content] = (await client.readResource({ uri })).contents;
    return content !== undefined && 'text' in content ? content.text : '';
  };

  test('tables, stores and the calendar are listed; the table template too', async () => {
    const uris = (await client.listResources()).resources.map((resource) => resource.uri);
    expect(uris).toHaveLength(15);
    expect(uris).toEqual(expect.arrayContaining(['zava://stores', 'zava://calendar', 'zava://schema/orders']));
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ uriTemplate: 'zava://schema/{table}' }]);
  });

  test('stores are the names and regions in scope, without ids', async () => {
    expect(JSON.parse(await read('zava://stores'))).toEqual([{ store_name: 'Zava Retail Seattle', region_name: 'Puget Sound' }]);
  });

  test('the calendar names the quarters', async () => {
    expect(JSON.parse(await read('zava://calendar'))).toMatchObject({
      date: '2026-11-22',
      current_quarter: { name: '2026-Q4', first_day: '2026-10-01', last_day: '2026-12-31' },
      last_complete_quarter: { name: '2026-Q3', first_day: '2026-07-01', last_day: '2026-09-30' },
    });
  });

  test('a table reads as the Markdown that the tool gives', async () => {
    const tool = await client.callTool({ name: 'get_multiple_table_schemas', arguments: { table_names: ['regions'] } });
    const expected = [
      '# regions',
      '**Purpose:** Sales regions; every store belongs to one.',
      '## Schema',
      '| column | type | null |',
      '|---|---|---|',
      '| region_id | int2 | no |',
      '| region_name | text | no |',
      '## Relationships',
      'stores.region_id → regions.region_id (MANY_TO_ONE)',
      '## Valid Values',
      'region_name: Puget Sound',
      '## Query Hints',
      'Join stores to group sales by region.',
    ].join('\n');
    expect(await read('zava://schema/regions')).toBe(expected);
    expect(tool.content).toEqual([{ type: 'text', text: expected }]);
  });

  test('sections without content say none, nullable columns say yes', async () => {
    const text = await read('zava://schema/inventory');
    expect(text).toContain('## Valid Values\nnone');
    expect(await read('zava://schema/customers')).toContain('| primary_store_id | int4 | yes |');
  });

  test('a table resource needs its permission, over HTTP before dispatch', async () => {
    const uri = 'zava://schema/orders';
    expect((await postModern(stack.mcpUrl, 'resources/read', { uri }, { token: 'catalogue' })).status).toBe(200);
    const { resources } = (await answerOf(await postModern(stack.mcpUrl, 'resources/list', {}, { token: 'nothing' }))).result;
    expect(resources.map((resource: { uri: string }) => resource.uri)).toEqual(['zava://stores', 'zava://calendar']);
    const refused = await postModern(stack.mcpUrl, 'resources/read', { uri }, { token: 'nothing' });
    expect([refused.status, (await answerOf(refused)).error.data.code]).toEqual([403, 'insufficient_scope']);
  });
});
