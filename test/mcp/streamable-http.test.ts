import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../src/core/errors.ts';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { awkwardResult, awkwardRows, type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, post, postLegacy, postModern, postRaw } from '../support/raw-mcp.ts';

let stack: HttpStack;
beforeAll(async () => {
  stack = await httpStack({
    runQuery: async ({ sql, signal }) => {
      if (sql === 'WAIT') await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      if (sql === 'REFUSE') throw new AppError('query_rejected', 'Only SELECT is allowed here', { hint: 'Remove the UPDATE' });
      if (sql === 'BREAK') throw new Error('password=hunter2');
      return awkwardResult;
    },
  });
});
afterAll(() => stack.close());

const eras = [
  ['2026-07-28', modernClient, postModern],
  ['2025-11-25', legacyClient, postLegacy],
] as const;

const query = (sql: string) => ({ name: 'execute_sales_query', arguments: { postgresql_query: sql } });

describe.each(eras)('revision %s over HTTP', (_era, connect, send) => {
  test('the official client lists the tools in their fixed order', async () => {
    const client = await connect(stack.mcpUrl, 'manager');
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual([
      'semantic_search_products',
      'get_multiple_table_schemas',
      'get_sales_metrics',
      'show_sales_dashboard',
      'get_product_recommendations',
      'get_inventory_status',
      'execute_sales_query',
      'get_current_utc_date',
      'read_sales_dashboard',
    ]);
    await client.close();
  });

  test('the official client accepts every answer against the declared output schemas', async () => {
    const client = await connect(stack.mcpUrl, 'manager');
    await client.listTools();
    const date = await client.callTool({ name: 'get_current_utc_date', arguments: {} });
    expect(date.structuredContent).toEqual({ utc: '2026-11-22T18:31:51Z', date: '2026-11-22', fiscal_quarter: '2026-Q4' });
    const rows = await client.callTool(query('SELECT 1'));
    expect(rows.structuredContent).toMatchObject({ row_count: 2, truncated: false, rows: JSON.parse(awkwardRows) });
    const tables = await client.callTool({ name: 'get_multiple_table_schemas', arguments: { table_names: ['regions'] } });
    expect(tables.structuredContent).toMatchObject({ tables: [{ name: 'regions' }] });
    const found = await client.callTool({ name: 'semantic_search_products', arguments: { query_description: 'paint' } });
    expect(found.structuredContent).toMatchObject({ row_count: 0, message: 'No products >= 30%' });
    await client.close();
  });

  test('numbers reach the wire digit by digit, and hostile text stays text', async () => {
    const response = await send(stack.mcpUrl, 'tools/call', query('SELECT 1'));
    const wire = await response.text();
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(wire).toContain('"rows":[[12.50,0.12345678901234567890,100000000000000000000.10],["\\"}]},{\\"\\u2028"');
    const { result } = JSON.parse(wire);
    expect(result.content[0].text).toBe(`{"c":["a","b","c"],"r":${awkwardRows},"n":2}`);
    expect(result.structuredContent.rows).toEqual(JSON.parse(awkwardRows));
    expect(Object.keys(result.structuredContent)).toEqual([
      'columns',
      'rows',
      'row_count',
      'truncated',
      'duration_ms',
      'cached',
      'scope',
    ]);
  });

  test('a failing tool answers with an error body and HTTP 200', async () => {
    const response = await send(stack.mcpUrl, 'tools/call', query('REFUSE'));
    expect(response.status).toBe(200);
    const { result } = await answerOf(response);
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toEqual({
      code: 'query_rejected',
      message: 'Only SELECT is allowed here',
      hint: 'Remove the UPDATE',
    });
  });

  test('a fault of ours shows nothing but the request id', async () => {
    const response = await send(stack.mcpUrl, 'tools/call', query('BREAK'));
    const wire = await response.text();
    expect(wire).toContain(response.headers.get('x-request-id'));
    expect(wire).not.toContain('hunter2');
    expect(stack.observations).toContainEqual(
      expect.objectContaining({ kind: 'fault_met', requestId: response.headers.get('x-request-id') }),
    );
  });

  test('a missing permission is 403 before the tool starts, and the challenge names the scope', async () => {
    const asked = stack.queries.length;
    const response = await send(stack.mcpUrl, 'tools/call', query('SELECT 1'), { token: 'catalogue' });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource", scope="sales:read"',
    );
    const { id, error } = await answerOf(response);
    expect([id, error.code, error.data.code]).toEqual([7, -32000, 'insufficient_scope']);
    expect(stack.queries).toHaveLength(asked);
  });

  test('an empty scope is 403 for tenant data, and no obstacle elsewhere', async () => {
    const refused = await send(stack.mcpUrl, 'tools/call', query('SELECT 1'), { token: 'stranger' });
    expect([refused.status, (await answerOf(refused)).error.data.code]).toEqual([403, 'forbidden']);
    const date = await send(stack.mcpUrl, 'tools/call', { name: 'get_current_utc_date' }, { token: 'stranger' });
    expect(date.status).toBe(200);
  });

  test.each([
    ['tools/call', { name: 'no_such_tool', arguments: {} }],
    ['prompts/get', { name: 'no_such_prompt' }],
    ['resources/read', { uri: 'zava://nowhere' }],
  ])('%s of something unknown is -32602 with the code not_found', async (method, params) => {
    const response = await send(stack.mcpUrl, method, params);
    const { error } = await answerOf(response);
    expect([response.status, error.code, error.data.code]).toEqual([200, -32602, 'not_found']);
    expect(error.data.hint).toBeTruthy();
  });

  test('an unknown method is -32601', async () => {
    const response = await send(stack.mcpUrl, 'tools/imagine', {});
    const { error } = await answerOf(response);
    expect([error.code, error.data.code]).toEqual([-32601, 'not_found']);
  });

  test('bad parameters of a method have the code invalid_input', async () => {
    const response = await send(stack.mcpUrl, 'prompts/get', { name: 'store_review' });
    const { error } = await answerOf(response);
    expect([error.code, error.data.code, error.message]).toEqual([
      -32602,
      'invalid_input',
      expect.stringContaining('store: the prompt store_review needs it'),
    ]);
  });

  test('a client that goes away cancels the running statement', async () => {
    const gone = new AbortController();
    const asked = stack.queries.length;
    const pending = send(stack.mcpUrl, 'tools/call', query('WAIT'), { signal: gone.signal }).catch(() => 'gone');
    await expect.poll(() => stack.queries.length).toBe(asked + 1);
    const running = stack.queries.at(-1);
    gone.abort();
    expect(await pending).toBe('gone');
    await expect.poll(() => running?.signal?.aborted).toBe(true);
  });
});

describe('revision 2026-07-28', () => {
  test('every result says its type, and lists say how long they keep and for whom', async () => {
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'server/discover']) {
      const { result } = await answerOf(await postModern(stack.mcpUrl, method, {}));
      expect([method, result.resultType, result.cacheScope, result.ttlMs]).toEqual([method, 'complete', 'private', 300_000]);
    }
    const call = await answerOf(await postModern(stack.mcpUrl, 'tools/call', { name: 'get_current_utc_date' }));
    expect(call.result.resultType).toBe('complete');
  });

  test('an unknown method is HTTP 404', async () => {
    expect((await postModern(stack.mcpUrl, 'tools/imagine', {})).status).toBe(404);
  });

  test('a header that contradicts the body is 400 with -32020', async () => {
    const response = await postModern(
      stack.mcpUrl,
      'tools/call',
      { name: 'get_current_utc_date' },
      { headers: { 'Mcp-Name': 'other' } },
    );
    const { error } = await answerOf(response);
    expect([response.status, error.code, error.data.code]).toEqual([400, -32020, 'invalid_input']);
  });

  test('a request without its envelope is 400 with -32602', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
    const response = await postRaw(stack.mcpUrl, body, { headers: { 'MCP-Protocol-Version': '2026-07-28' } });
    const { error } = await answerOf(response);
    expect([response.status, error.code, error.data.code]).toEqual([400, -32602, 'invalid_input']);
  });
});

describe('the older revisions', () => {
  test('an unknown method is HTTP 200: their official client takes a 404 for a broken transport', async () => {
    const response = await postLegacy(stack.mcpUrl, 'tools/imagine', {});
    expect([response.status, (await answerOf(response)).error.code]).toEqual([200, -32601]);
    const client = await legacyClient(stack.mcpUrl, 'manager');
    await expect(client.request({ method: 'tools/imagine' }, z.looseObject({}))).rejects.toMatchObject({ code: -32601 });
    await client.close();
  });

  test('a batch is refused: each call counts for itself', async () => {
    const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: query('SELECT 1') });
    stack.queries.length = 0;
    const response = await postRaw(stack.mcpUrl, JSON.stringify([call(1), call(2)]));
    expect([response.status, (await answerOf(response)).error.code]).toEqual([400, -32600]);
    expect(stack.queries).toEqual([]);
  });

  test('a notification is accepted without an answer', async () => {
    const response = await postRaw(stack.mcpUrl, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    expect([response.status, await response.text()]).toEqual([202, '']);
  });
});

test('both eras give the same answer to the same call', async () => {
  const answers = await Promise.all(
    Object.values(post).map(async (send) => {
      const { result } = await answerOf(await send(stack.mcpUrl, 'tools/call', query('SELECT 1')));
      return { content: result.content, structuredContent: result.structuredContent };
    }),
  );
  expect(answers[0]).toEqual(answers[1]);
});
