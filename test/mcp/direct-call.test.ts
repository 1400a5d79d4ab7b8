import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createDirectCall, type RequestHeaders } from '../../src/mcp/direct-call.ts';
import { retailWording } from '../../src/retail/wording.ts';
import { awkwardResult, mcpStack, principal } from '../support/mcp-stack.ts';
import { modernMeta } from '../support/raw-mcp.ts';

const older: RequestHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const modernFor = (name: unknown): RequestHeaders => ({
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  ...(typeof name === 'string' && { 'mcp-name': name }),
});

/** The same request by both ways. */
function bothWays() {
  const runQuery = async ({ sql }: { sql: string }) => {
    if (sql.includes('refuse')) throw new AppError('query_rejected', 'No "quotes" \u2028 here', { hint: 'Do\nnot.' });
    if (sql.includes('break')) throw new Error('password=hunter2');
    return sql.includes('none') ? { ...awkwardResult, rowsJson: '[]', rowCount: 0 } : awkwardResult;
  };
  const ways = [true, false].map((directCalls) => mcpStack({ runQuery, directCalls }).serving.http());
  return async (headers: RequestHeaders, body: unknown) => {
    const replies = await Promise.all(
      ways.map((way) =>
        way
          .handle({ principal: principal(), requestId: 'r1', headers, body, signal: new AbortController().signal })
          .catch((error: unknown) => String(error)),
      ),
    );
    return replies;
  };
}

/** Whether the direct way takes a request. */
function takes(headers: RequestHeaders, body: unknown): boolean {
  const names = retailWording.toolTexts;
  const direct = createDirectCall({
    tools: { find: (name) => (Object.hasOwn(names, name) ? ({ name } as never) : undefined) },
    callTool: async () => ({ text: '' }),
    serverInfo: { name: 's', version: '1' },
  });
  return direct({ principal: principal(), requestId: 'r', headers, body, signal: new AbortController().signal }) !== undefined;
}

const call = (params: unknown, id: unknown = 7) => ({ jsonrpc: '2.0', id, method: 'tools/call', params });
const query = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT 1' } };
const corpus = JSON.parse(readFileSync(new URL('../support/corpus/plain-calls.json', import.meta.url), 'utf8')) as {
  readonly what: string;
  readonly direct: boolean;
  readonly modern?: boolean;
  readonly headers?: Record<string, string | null>;
  readonly body: { readonly params?: { readonly name?: unknown } };
}[];

describe('a recorded request is answered the same by the direct way and through the SDK', () => {
  const ask = bothWays();
  test.each(corpus)('$what', async ({ direct, modern, headers = {}, body }) => {
    const base = modern ? modernFor(body.params?.name) : older;
    const sent = Object.fromEntries(
      Object.entries({ ...base, ...headers }).filter(([, value]) => value !== null),
    ) as RequestHeaders;
    expect(takes(sent, body)).toBe(direct);
    const [ours, theirs] = await ask(sent, body);
    expect(ours).toEqual(theirs);
  });
});

test('any request at all is answered the same by both ways', async () => {
  const ask = bothWays();
  let taken = 0;
  const name = fc.constantFrom('execute_sales_query', 'get_current_utc_date', 'semantic_search_products', 'nothing', '', 5);
  const odd = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }));
  const sql = fc.constantFrom('SELECT 1', 'refuse', 'break', 'none', 5, '');
  const given = fc.oneof({ weight: 9, arbitrary: fc.record({ postgresql_query: sql }) }, odd);
  const meta = fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: fc.constant(modernMeta) },
    fc.record({ progressToken: fc.oneof(fc.integer(), fc.string(), odd), 'example.com/x': fc.jsonValue({ maxDepth: 1 }) }),
    fc.record({
      'io.modelcontextprotocol/protocolVersion': fc.constantFrom('2026-07-28', '2025-11-25', 'x', 1),
      'io.modelcontextprotocol/clientInfo': fc.oneof(odd, fc.record({ name: fc.string(), version: fc.string() })),
      'io.modelcontextprotocol/clientCapabilities': fc.oneof(odd, fc.constant({}), fc.constant({ elicitation: { form: {} } })),
    }),
    odd,
  );
  const params = fc.oneof(
    { weight: 15, arbitrary: fc.record({ name, arguments: given, _meta: meta }, { requiredKeys: ['name'] }) },
    odd,
  );
  const id = fc.oneof({ weight: 9, arbitrary: fc.oneof(fc.integer(), fc.string()) }, odd);
  const body = fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '2.0', '2.0', '1.0'),
      id,
      method: fc.constantFrom('tools/call', 'tools/call', 'ping'),
      params,
      extra: odd,
    },
    { requiredKeys: ['jsonrpc', 'method', 'id', 'params'] },
  );
  const version = fc.constantFrom(undefined, '2026-07-28', '2026-07-28', '2025-11-25', '2025-06-18', '2024-11-05', 'x');
  const request = fc.tuple(version, body, fc.boolean());
  await fc.assert(
    fc.asyncProperty(request, async ([revision, message, named]) => {
      const headers: RequestHeaders = {
        ...older,
        ...(revision && { 'mcp-protocol-version': revision }),
        ...(named && {
          'mcp-method': String(message.method),
          'mcp-name': String((message.params as { name?: unknown } | null)?.name),
        }),
      };
      const wire = JSON.parse(JSON.stringify(message)) as unknown;
      if (takes(headers, wire)) taken += 1;
      const [ours, theirs] = await ask(headers, wire);
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 2500 },
  );
  expect(taken).toBeGreaterThan(50);
}, 120_000);

test('a call that is cut off by its client is cancelled', async () => {
  const gone = new AbortController();
  let cancelled = false;
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const { serving } = mcpStack({
    runQuery: ({ signal }) =>
      new Promise((_, reject) => {
        started();
        signal?.addEventListener('abort', () => {
          cancelled = true;
          reject(new AppError('query_timeout', 'cancelled'));
        });
      }),
  });
  const reply = serving
    .http()
    .handle({ principal: principal(), requestId: 'r', headers: older, body: call(query), signal: gone.signal });
  await running;
  gone.abort();
  await reply;
  expect(cancelled).toBe(true);
});
