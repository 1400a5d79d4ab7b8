import { expect, test } from 'vitest';
import { createToolCatalog } from '../../src/mcp/catalog.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { retailWording } from '../../src/retail/wording.ts';
import { awkwardResult, mcpStack, principal, stillClock } from '../support/mcp-stack.ts';

const ports = {
  runQuery: async () => awkwardResult,
  describeTables: async () => [],
  searchProducts: async () => ({
    ...awkwardResult,
    model: 'm',
    degraded: false,
    lowConfidence: false,
    message: '',
  }),
  metrics: retailMetrics,
  getMetrics: async () => ({
    ...awkwardResult,
    period: { first: '2025-01-01', last: '2025-12-31' },
    definitions: {},
    labels: 0,
    isEmpty: false,
  }),
  readDashboard: async () => Promise.reject(new Error('not asked here')),
  recommendProducts: async () => ({ ...awkwardResult, degraded: false }),
  inventoryStatus: async () => ({ ...awkwardResult, period: { first: '2025-01-01', last: '2025-12-31' } }),
  explainAccess: async () => Promise.reject(new Error('not asked here')),
  clock: stillClock,
};
const catalog = createToolCatalog({ wording: retailWording, ...ports });
const all = catalog.listFor(principal(['catalog:read', 'sales:read']));

test('the default tool list costs a model at most 2,000 tokens', () => {
  const offered = all.filter(({ page }) => page === undefined || !('visibility' in page));
  const wire = offered.map(({ name, title, description, inputSchema, outputSchema, annotations }) => ({
    name,
    title,
    description,
    inputSchema,
    outputSchema,
    annotations,
  }));
  expect(Buffer.byteLength(JSON.stringify({ tools: wire })) / 4).toBeLessThanOrEqual(2000);
});

test('a caller is offered what the token allows, in the fixed order', () => {
  expect(catalog.listFor(principal([])).map((tool) => tool.name)).toEqual(['get_current_utc_date']);
  expect(catalog.listFor(principal(['catalog:read'])).map((tool) => tool.name)).toEqual([
    'semantic_search_products',
    'get_multiple_table_schemas',
    'get_current_utc_date',
  ]);
});

test('every tool is read-only and says so', () => {
  for (const { annotations } of all) {
    expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false, openWorldHint: false });
  }
});

test('schemas are closed for arguments, open for answers, and without noise', () => {
  for (const { inputSchema, outputSchema } of all) {
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(outputSchema).toMatchObject({ type: 'object', properties: expect.any(Object) });
    expect(JSON.stringify([inputSchema, outputSchema])).not.toMatch(/\$schema|9007199254740991/);
    expect(JSON.stringify(outputSchema)).not.toMatch(/"items"|"required"|"additionalProperties"/);
  }
});

test('the descriptions tell the house rules', () => {
  const told = all.map((tool) => tool.description).join(' ');
  for (const rule of [
    'before writing SQL',
    'never invent',
    'LIMIT 20',
    'is_online',
    'Never show ids or UUIDs',
    'before guessing a product name',
    'Fiscal year = calendar year',
  ]) {
    expect(told).toContain(rule);
  }
});

test('a tool without words is a mistake found at the start', () => {
  expect(() => createToolCatalog({ wording: { toolTexts: {} }, ...ports })).toThrow(/no text for the tool/);
});

test('the whole serving can be made from the retail wording', () => {
  expect(mcpStack().serving.http()).toBeDefined();
});
