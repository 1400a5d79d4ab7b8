import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createAdmitCall } from '../../src/mcp/admit-call.ts';
import { createCallTool } from '../../src/mcp/call-tool.ts';
import type { Tool } from '../../src/mcp/tool.ts';
import { executeSalesQuery } from '../../src/mcp/tools/execute-sales-query.ts';
import { getMultipleTableSchemas } from '../../src/mcp/tools/get-multiple-table-schemas.ts';
import { semanticSearchProducts } from '../../src/mcp/tools/semantic-search-products.ts';
import type { RunQuery } from '../../src/query/query-result.ts';
import { retailToolTexts } from '../../src/retail/tool-texts.ts';
import type { ProductQuestion } from '../../src/search/search-products.ts';
import { authorize, awkwardResult, principal } from '../support/mcp-stack.ts';

const text = (name: string) => retailToolTexts[name]!;
const call = { principal: principal(), requestId: 'request-1', signal: new AbortController().signal };

function caller(options: { tellsArguments?: boolean } = {}) {
  const observations: Observation[] = [];
  let ms = 0;
  const clock = { now: () => 0, monotonic: () => (ms += 5) };
  return { observations, callTool: createCallTool({ clock, note: (seen) => observations.push(seen), ...options }) };
}

const queryTool = (runQuery: RunQuery) => executeSalesQuery(text('execute_sales_query'), runQuery);
const failing = (error: unknown) => queryTool(() => Promise.reject(error));
const bodyOf = (answer: { text: string }) => JSON.parse(answer.text);

describe('arguments', () => {
  const questions: ProductQuestion[] = [];
  const search = semanticSearchProducts(text('semantic_search_products'), async (question) => {
    questions.push(question);
    return { ...awkwardResult, model: 'm', degraded: false, lowConfidence: false, message: '' };
  });

  test.each([
    [{}, 'query_description: '],
    [{ query_description: '' }, 'query_description: '],
    [{ query_description: '  ' }, 'query_description: '],
    [{ query_description: 'x'.repeat(501) }, 'query_description: '],
    [{ query_description: 'paint', max_rows: 101 }, 'max_rows: Too big: expected number to be <=100'],
    [{ query_description: 'paint', max_rows: 2.5 }, 'max_rows: '],
    [{ query_description: 'paint', similarity_threshold: -1 }, 'similarity_threshold: '],
    [{ query_description: 'paint', limit: 3 }, 'Unrecognized key: "limit"'],
    ['paint', 'expected object'],
  ])('%j are refused, naming the argument', async (given, message) => {
    const answer = await caller().callTool(search, given, call);
    expect(answer.isError).toBe(true);
    expect(bodyOf(answer)).toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) });
    expect(bodyOf(answer).hint).toContain('query_description, max_rows, similarity_threshold');
  });

  test('defaults are 20 rows from 30 percent', async () => {
    await caller().callTool(search, { query_description: ' paint ' }, call);
    expect(questions.at(-1)).toEqual({ requestId: 'request-1', query: 'paint', maxRows: 20, threshold: 30 });
  });

  test.each([[[]], [Array.from({ length: 21 }, () => 'orders')], ['orders'], [[1]]])(
    'table_names %j is refused',
    async (given) => {
      const tool = getMultipleTableSchemas(text('get_multiple_table_schemas'), async () => []);
      const answer = await caller().callTool(tool, { table_names: given }, call);
      expect(bodyOf(answer)).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('table_names') });
    },
  );
});

describe('answers of execute_sales_query', () => {
  const answerTo = async (result: Partial<typeof awkwardResult>) =>
    queryTool(async () => ({ ...awkwardResult, ...result })).answer({ postgresql_query: 'SELECT 1' }, call);

  test('nothing found says so and keeps the columns', async () => {
    const answer = await answerTo({ rowsJson: '[]', rowCount: 0, columns: [{ name: 'a"b', type: 'int4' }] });
    expect(answer.text).toBe('{"c":["a\\"b"],"r":[],"n":0,"msg":"No rows"}');
    expect(JSON.parse(answer.structuredJson ?? '')).toMatchObject({ columns: [{ name: 'a"b', type: 'int4' }], rows: [] });
  });

  test('a cut answer says so and how to ask for less', async () => {
    const answer = await answerTo({ truncated: true, rowsJson: '[[1],[2]]' });
    expect(answer.text).toContain('"n":2,"t":true,"msg":"aggregate, filter, or use ORDER BY with LIMIT/OFFSET"}');
    expect(JSON.parse(answer.structuredJson ?? '')).toMatchObject({
      truncated: true,
      hint: 'aggregate, filter, or use ORDER BY with LIMIT/OFFSET',
      duration_ms: 4,
      cached: false,
      scope: ['Zava Retail Seattle'],
    });
  });
});

describe('failures', () => {
  test('the body is the whole answer, without structured content', async () => {
    const { callTool } = caller();
    const error = new AppError('overloaded', 'The pool is full', {
      hint: 'Wait',
      retryAfterMs: 1200,
      cause: new Error('secret'),
    });
    const answer = await callTool(failing(error), { postgresql_query: 'x' }, call);
    expect(answer.structuredJson).toBeUndefined();
    expect(bodyOf(answer)).toEqual({ code: 'overloaded', message: 'The pool is full', hint: 'Wait', retry_after_s: 2 });
  });

  test.each([
    [new Error('disk on fire'), 'internal', 'failed', true],
    [new AppError('internal', 'scope differs'), 'internal', 'failed', true],
    [new AppError('dependency_unavailable', 'The database does not answer'), 'dependency_unavailable', 'failed', true],
    [new AppError('query_failed', 'bad', { cause: new Error("near 'Jane Doe'") }), 'query_failed', 'failed', false],
    [new AppError('query_rejected', 'no'), 'query_rejected', 'refused', false],
    [new AppError('rate_limited', 'slow down'), 'rate_limited', 'refused', false],
  ])('%s is noted as %s', async (error, code, outcome, fault) => {
    const { callTool, observations } = caller();
    await callTool(failing(error), { postgresql_query: 'x' }, call);
    expect(observations[0]).toEqual({
      kind: 'tool_called',
      requestId: 'request-1',
      subject: 'seattle-manager',
      roles: ['store_manager'],
      tenantIds: [1],
      statement: 'x',
      tool: 'execute_sales_query',
      outcome,
      code,
      durationMs: 5,
    });
    expect(observations.some((seen) => seen.kind === 'fault_met')).toBe(fault);
  });

  test('what a caller wrote is noted where the operator wants it traced, and cut', async () => {
    const { callTool, observations } = caller({ tellsArguments: true });
    const answering = queryTool(async () => awkwardResult);
    await callTool(answering, { postgresql_query: `SELECT 1 -- ${'x'.repeat(20_000)}` }, call);
    const [told] = observations;
    expect(told).toMatchObject({ arguments: expect.stringMatching(/^{"postgresql_query":"SELECT 1 -- x+$/) });
    expect(JSON.stringify((told as { arguments?: string }).arguments).length).toBeLessThan(17_000);
  });

  test('a good call is noted with its rows and its statement, for the audit trail to fingerprint', async () => {
    const { callTool, observations } = caller();
    await callTool(
      queryTool(async () => awkwardResult),
      { postgresql_query: "SELECT 'Jane Doe'" },
      call,
    );
    expect(observations).toEqual([
      expect.objectContaining({ outcome: 'answered', statement: "SELECT 'Jane Doe'", rowCount: awkwardResult.rowCount }),
    ]);
  });

  test.each([[{ postgresql_query: 'x'.repeat(16 * 1024 + 1) }], [{ postgresql_query: 1 }], ['SELECT 1'], [undefined]])(
    'a call with arguments that are no statement is noted without one',
    async (given) => {
      const { callTool, observations } = caller();
      await callTool(failing(new AppError('invalid_input', 'no')), given, call);
      expect(observations).toEqual([expect.not.objectContaining({ statement: expect.anything() })]);
    },
  );

  test('a tool that takes no statement is noted without one', async () => {
    const { callTool, observations } = caller();
    const search = semanticSearchProducts(text('semantic_search_products'), () => Promise.reject(new Error('not asked')));
    await callTool(search, { query_description: 'SELECT 1', postgresql_query: 'SELECT 2' }, call);
    expect(observations).toEqual([expect.not.objectContaining({ statement: expect.anything() })]);
  });
});

describe('admission', () => {
  const tool = (needs: Partial<Tool>) => ({ name: 't', needsTenants: false, ...needs });

  test('permission comes before scope, scope before the limit', async () => {
    const admit = createAdmitCall({ authorize, limit: () => Promise.reject(new AppError('rate_limited', 'slow')) });
    const guarded = tool({ permission: 'sales:read', needsTenants: true });
    await expect(admit(principal([], []), guarded)).rejects.toMatchObject({ code: 'insufficient_scope', scopes: ['sales:read'] });
    await expect(admit(principal(['sales:read'], []), guarded)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(admit(principal(['sales:read']), guarded)).rejects.toMatchObject({ code: 'rate_limited' });
  });

  test('a fault while authorizing is passed on as it is', async () => {
    const admit = createAdmitCall({
      authorize: () => {
        throw new Error('bug');
      },
    });
    await expect(admit(principal(), tool({ permission: 'sales:read' }))).rejects.toThrow('bug');
  });

  test('an open tool needs neither', async () => {
    await expect(createAdmitCall({ authorize })(principal([], []), tool({}))).resolves.toBeUndefined();
  });
});
