import { describe, expect, test } from 'vitest';
import { createToolCatalog } from '../../../src/mcp/catalog.ts';
import type { PluginCall } from '../../../src/mcp/plugins/plugin-call.ts';
import type { MakePlugin, PluginKit } from '../../../src/mcp/plugins/plugin-definition.ts';
import { createPluginTools, type PluginToolsOptions } from '../../../src/mcp/plugins/plugin-tool.ts';
import type { QueryRequest } from '../../../src/query/query-result.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';
import { retailWording } from '../../../src/retail/wording.ts';
import { awkwardResult, awkwardRows, principal, stillClock } from '../../support/mcp-stack.ts';

type Run = (input: Record<string, unknown>, call: PluginCall) => unknown;

const description = 'A tool of the tests, with a description that is long enough.';
const plain = ({ z }: PluginKit, run: Run) => ({
  name: 'own_tool',
  title: 'Own tool',
  description,
  permission: 'sales:read',
  input: z.strictObject({ word: z.string().max(20).optional() }),
  run,
});

function toolOf(make: MakePlugin, changes: Partial<PluginToolsOptions> = {}) {
  const queries: QueryRequest[] = [];
  const [tool] = createPluginTools({
    plugins: [{ file: 'own.mjs', make }],
    permissions: retailDefinition.permissions,
    runQuery: async (request) => {
      queries.push(request);
      return awkwardResult;
    },
    maxBytes: 1000,
    timeoutMs: 1000,
    clock: stillClock,
    ...changes,
  });
  if (tool === undefined) throw new Error('no tool');
  const everything = principal([...retailDefinition.permissions]);
  const ask = (given: unknown = {}, signal = new AbortController().signal, caller = everything) =>
    tool.answer(given, { principal: caller, requestId: 'r-1', signal });
  return { tool, queries, ask };
}

const running = (run: Run, changes?: Partial<PluginToolsOptions>) => toolOf((kit) => plain(kit, run), changes);

describe('a plug-in is refused at the start, by name,', () => {
  const changed = (change: (kit: PluginKit) => object) => () =>
    toolOf((kit) => ({ ...plain(kit, async () => ({})), ...change(kit) }));

  test.each<[string, (kit: PluginKit) => object, RegExp]>([
    ['for a name of another form', () => ({ name: 'Own-Tool' }), /name: must be snake_case/],
    ['without a permission', () => ({ permission: undefined }), /permission: must be one of catalog:read, sales:read/],
    ['for a permission that nobody can have', () => ({ permission: 'sales:write' }), /permission: must be one of/],
    ['for columns of no permission', () => ({ alsoReads: ['everything'] }), /alsoReads\.0: must be one of/],
    ['for a description that tells a model nothing', () => ({ description: 'x' }), /description/],
    ['for a description that costs too much', () => ({ description: 'x'.repeat(1001) }), /description/],
    ['for arguments that are no schema', () => ({ input: { word: 'string' } }), /input: must be z\.strictObject/],
    ['for arguments that let others through', ({ z }) => ({ input: z.object({}) }), /input: must be z\.strictObject/],
    ['for an output that is no schema', () => ({ output: {} }), /output: must be z\.object/],
    ['for a verb that is none', () => ({ run: 'SELECT 1' }), /run: must be a function/],
    ['for a member that nobody knows', () => ({ annotations: { readOnlyHint: false } }), /annotations/],
  ])('%s', (_name, change, message) => {
    expect(changed(change)).toThrow(expect.objectContaining({ code: 'misconfigured', message: expect.stringMatching(message) }));
    expect(changed(change)).toThrow(/plug-in own\.mjs/);
  });

  test('for giving nothing, or failing', () => {
    expect(() => toolOf(() => undefined)).toThrow(/own\.mjs is not a tool/);
    expect(() =>
      toolOf(() => {
        throw new Error('no licence');
      }),
    ).toThrow('The plug-in own.mjs failed: no licence');
    expect(() =>
      toolOf(() => {
        throw 'words';
      }),
    ).toThrow('The plug-in own.mjs failed: words');
  });

  test('for the name of another tool', () => {
    const { tool } = toolOf((kit) => ({ ...plain(kit, async () => ({})), name: 'execute_sales_query' }));
    const catalog = () =>
      createToolCatalog({
        ...{ wording: retailWording, clock: stillClock, runQuery: async () => awkwardResult, describeTables: async () => [] },
        explainAccess: async () => Promise.reject(new Error('not asked here')),
        plugins: [tool],
      });
    expect(catalog).toThrow(
      expect.objectContaining({ code: 'misconfigured', message: 'Two tools are called execute_sales_query' }),
    );
  });
});

test('a plug-in is a read-only tool with the permission that it declares, for callers with tenants', () => {
  const { tool } = running(async () => ({}));
  expect(tool).toMatchObject({ name: 'own_tool', permission: 'sales:read', needsTenants: true });
  expect(tool.annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false });
  expect(Object.keys(tool.outputSchema.properties ?? {})).toEqual(['columns', 'rows', 'row_count', 'truncated']);
});

test('rows are given back with every digit', async () => {
  const { ask, queries } = running(async ({ word }, { query }) => query`SELECT ${String(word)} AS word`);
  const answer = await ask({ word: "it's" });
  expect(answer.structuredJson).toContain(awkwardRows);
  expect(answer.text).toContain('"r":[[12.50,');
  expect(answer.structuredJson).toContain('"cached":false,"scope":["Zava Retail Seattle"]');
  expect(queries[0]).toMatchObject({ sql: "SELECT 'it''s' AS word", requestId: 'r-1' });
});

test('rows can be read, and the answer be something else', async () => {
  const { ask } = toolOf((kit) => ({
    ...plain(kit, async (_input, { query, scope, now }) => {
      const { columns, rows, truncated } = await query`SELECT 1`;
      return { count: rows.length, columns, truncated, scope, at: now(), left_out: 'secret' };
    }),
    output: kit.z.object({
      count: kit.z.int(),
      columns: kit.z.array(kit.z.string()),
      scope: kit.z.array(kit.z.string()),
      at: kit.z.int(),
    }),
  }));
  expect(JSON.parse((await ask()).structuredJson ?? '')).toEqual({
    count: 2,
    columns: ['a', 'b', 'c'],
    scope: ['Zava Retail Seattle'],
    at: stillClock.now(),
  });
});

test('an answer without rows, and one that was cut, say so', async () => {
  const empty = { ...awkwardResult, rowsJson: '[]', rowCount: 0 };
  const run: Run = (_input, { query }) => query`SELECT 1`;
  expect((await running(run, { runQuery: async () => empty }).ask()).text).toContain('"msg":"No rows"');
  const cut = { ...awkwardResult, truncated: true, hint: 'aggregate' };
  expect((await running(run, { runQuery: async () => cut }).ask()).text).toContain('"t":true,"msg":"aggregate"');
});

test('SQL of a plug-in reads with the permissions that it declared and its caller has, no more', async () => {
  const run: Run = (_input, { query }) => query`SELECT 1`;
  const permissionsOf = ({ queries }: ReturnType<typeof toolOf>) => [...(queries[0]?.principal.permissions ?? [])];
  const modest = running(run);
  await modest.ask();
  expect(permissionsOf(modest)).toEqual(['sales:read']);
  const curious = toolOf((kit) => ({ ...plain(kit, run), alsoReads: ['costs:read'] }));
  await curious.ask();
  expect(permissionsOf(curious)).toEqual(['sales:read', 'costs:read']);
  const manager = toolOf((kit) => ({ ...plain(kit, run), alsoReads: ['costs:read'] }));
  await manager.ask({}, undefined, principal(['catalog:read', 'sales:read']));
  expect(permissionsOf(manager)).toEqual(['sales:read']);
});

describe('what a plug-in does wrong stays its own', () => {
  test('arguments are checked before it sees them', async () => {
    await expect(running(async () => ({})).ask({ word: 1, other: 2 })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('it can refuse what no schema says', async () => {
    const refusing = running((_input, { refuse }) => refuse('There is no such day', 'Days are Monday to Sunday.'));
    await expect(refusing.ask()).rejects.toMatchObject({ code: 'invalid_input', hint: 'Days are Monday to Sunday.' });
    await expect(running((_input, { refuse }) => refuse('No')).ask()).rejects.toMatchObject({ hint: undefined });
  });

  test.each<[string, Run]>([
    ['rows that no query gave', async () => ({ columns: ['a'], rows: [[1]], truncated: false })],
    ['nothing', async () => undefined],
    ['a copy of rows', async (_input, { query }) => ({ ...(await query`SELECT 1`) })],
  ])('an answer of %s is a fault, not an answer', async (_name, run) => {
    await expect(running(run).ask()).rejects.toThrow(/must give back what query gave/);
  });

  test('an answer that its own output does not allow is a fault', async () => {
    const { ask } = toolOf((kit) => ({
      ...plain(kit, async () => ({ count: 'many' })),
      output: kit.z.object({ count: kit.z.int() }),
    }));
    await expect(ask()).rejects.toThrow(/own_tool gave what its output does not allow/);
  });

  test('an answer that is too long is not sent', async () => {
    const { ask } = toolOf((kit) => ({
      ...plain(kit, async () => ({ text: 'x'.repeat(5000) })),
      output: kit.z.object({ text: kit.z.string() }),
    }));
    await expect(ask()).rejects.toMatchObject({
      code: 'query_failed',
      message: 'The answer is too long to be sent',
      hint: expect.stringContaining('Ask for less'),
    });
  });

  test('a call that does not end is ended, and its signal told', async () => {
    let told = false;
    const { ask } = running(
      (_input, { signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            told = true;
          });
        }),
      { timeoutMs: 20 },
    );
    await expect(ask()).rejects.toMatchObject({
      code: 'query_timeout',
      message: 'The tool took longer than 0.02 s and was stopped',
    });
    expect(told).toBe(true);
  });

  test('a caller who has gone is told to it', async () => {
    const caller = new AbortController();
    const { ask, queries } = running((_input, { query }) => query`SELECT 1`);
    caller.abort();
    await ask({}, caller.signal);
    expect(queries[0]?.signal?.aborted).toBe(true);
  });

  test('what it still asks after its answer is refused: the call has been recorded', async () => {
    let late: Promise<unknown> = Promise.resolve();
    const { ask, queries } = running(async (_input, { query }) => {
      const rows = await query`SELECT 1`;
      late = new Promise((resolve) => setTimeout(resolve, 5)).then(() => query`SELECT 2`);
      late.catch(() => {});
      return rows;
    });
    await ask();
    await expect(late).rejects.toThrow(/the call is over/);
    expect(queries).toHaveLength(1);
  });

  test('a call has an end of statements', async () => {
    const { ask, queries } = running(async (_input, { query }) => {
      for (;;) await query`SELECT 1`;
    });
    await expect(ask()).rejects.toThrow(/20 statements at the most/);
    expect(queries).toHaveLength(20);
  });
});
