import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createComplete } from '../../src/mcp/completion.ts';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { type HttpStack, httpStack, principal, stillClock } from '../support/mcp-stack.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';

let stack: HttpStack;
beforeAll(async () => {
  stack = await httpStack();
});
afterAll(() => stack.close());

const prompt = (name: string) => ({ type: 'ref/prompt', name }) as const;
const schemaTable = { type: 'ref/resource', uri: 'zava://schema/{table}' } as const;

describe.each([
  ['2026-07-28', modernClient],
  ['2025-11-25', legacyClient],
] as const)('in revision %s', (_era, connect) => {
  let client: Awaited<ReturnType<typeof modernClient>>;
  beforeAll(async () => {
    client = (await connect(stack.mcpUrl, 'manager')) as typeof client;
  });
  afterAll(() => client.close());
  const complete = async (ref: ReturnType<typeof prompt> | typeof schemaTable, name: string, value = '') =>
    (await client.complete({ ref, argument: { name, value } })).completion;

  test('every table is offered for the schema template', async () => {
    const { values, total, hasMore } = await complete(schemaTable, 'table');
    expect(values).toHaveLength(12);
    expect([total, hasMore]).toEqual([12, false]);
    expect((await complete(schemaTable, 'table', 'ORDER')).values).toEqual(['orders', 'order_items']);
  });

  test('stores are those of the caller, and of no other a name is told', async () => {
    expect((await complete(prompt('store_review'), 'store')).values).toEqual(['Zava Retail Seattle']);
    for (const typed of ['tacoma', 'Zava Retail T', 'redmond', '%', '.*']) {
      expect((await complete(prompt('store_review'), 'store', typed)).values).toEqual([]);
    }
  });

  test('categories are the valid values of the catalogue', async () => {
    expect((await complete(prompt('top_products'), 'category')).values).toEqual(['all categories', 'LUMBER', 'PAINT & FINISHES']);
    expect((await complete(prompt('top_products'), 'category', 'paint')).values).toEqual(['PAINT & FINISHES']);
  });

  test('periods are words, years, quarters and months that the data has', async () => {
    const { values } = await complete(prompt('sales_by_store'), 'period');
    expect(values.slice(0, 9)).toEqual([
      'the last complete quarter that has data',
      'the last 12 months that have data',
      'this year',
      'last year',
      '2020',
      '2020-Q4',
      '2020-Q3',
      '2020-Q2',
      '2020-Q1',
    ]);
    expect((await complete(prompt('sales_by_store'), 'period', '2020-q')).total).toBe(4);
    expect((await complete(prompt('sales_by_store'), 'period', 'march')).values).toEqual(['March 2020']);
  });
});

test('a caller who may not read the catalogue is offered nothing of it', async () => {
  const offered = async (ref: object, name: string) => {
    const response = await postModern(
      stack.mcpUrl,
      'completion/complete',
      { ref, argument: { name, value: '' } },
      { token: 'nothing' },
    );
    return (await answerOf(response)).result.completion.values;
  };
  expect(await offered(schemaTable, 'table')).toEqual([]);
  expect(await offered(prompt('top_products'), 'category')).toEqual(['all categories']);
  expect(await offered(prompt('top_products'), 'period')).toHaveLength(4);
});

const completing = (known: readonly string[], describeTables = async () => [] as never) =>
  createComplete({
    prompts: { suggestions: () => known },
    resources: { suggestions: () => [], permits: () => true },
    describeTables,
    clock: stillClock,
  });

test('no more than a hundred values are given, and how many there are is said', async () => {
  const known = Array.from({ length: 250 }, (_, index) => `value ${index}`);
  const completion = await completing(known)(prompt('p'), { name: 'a', value: '' }, principal());
  expect([completion.values.length, completion.total, completion.hasMore]).toEqual([100, 250, true]);
});

test('what begins with the typed text comes before what has it inside', async () => {
  const { values } = await completing(['red paint', 'paint', 'Paintbrush'])(
    prompt('p'),
    { name: 'a', value: ' PAINT ' },
    principal(),
  );
  expect(values).toEqual(['paint', 'Paintbrush', 'red paint']);
});

test('a failure tells the caller no more than the request id', async () => {
  const broken = await httpStack({ valuesFail: true });
  const response = await postModern(broken.mcpUrl, 'completion/complete', {
    ref: prompt('top_products'),
    argument: { name: 'category', value: '' },
  });
  const wire = await response.text();
  expect(wire).toContain(response.headers.get('x-request-id'));
  expect(wire).not.toContain('hunter2');
  expect(broken.observations).toContainEqual(expect.objectContaining({ kind: 'fault_met', where: 'completion/complete' }));
  await broken.close();
});
