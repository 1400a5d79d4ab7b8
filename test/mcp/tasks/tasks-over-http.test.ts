import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { modernClient } from '../../support/mcp-clients.ts';
import { awkwardResult, awkwardRows, type HttpPorts, type HttpStack, httpStack } from '../../support/mcp-stack.ts';
import { postLegacy, postModern } from '../../support/raw-mcp.ts';
import { asker, tasksMeta } from './task-support.ts';

interface Running {
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
}

let running: Running[] = [];
let stack: HttpStack;
const start = async (tasks: HttpPorts['tasks'] = { ttlMs: 60_000, afterMs: 5 }, ports: HttpPorts = {}) => {
  running = [];
  stack = await httpStack({
    runQuery: ({ sql, signal }) =>
      sql === 'QUICK'
        ? Promise.resolve(awkwardResult)
        : new Promise((resolve, reject) => {
            running.push({ finish: () => resolve(awkwardResult), fail: reject, signal });
            signal?.addEventListener('abort', () => reject(new AppError('query_timeout', 'The call was cancelled')));
          }),
    ...(tasks && { tasks }),
    ...ports,
  });
};
beforeEach(() => start());
afterEach(() => stack.close());
const me = () => asker(stack.mcpUrl);
const as = (token: string) => asker(stack.mcpUrl, { token });
const asked = () => stack.observations.filter(({ kind }) => kind === 'task_asked');

describe('a call of a client that takes tasks', () => {
  test('is answered by itself when it is quick', async () => {
    const { result } = await me().call('QUICK');
    expect([result.resultType, result.taskId, result.structuredContent.row_count]).toEqual(['complete', undefined, 2]);
  });

  test('becomes a task when it is slow, and its answer has every digit', async () => {
    const created = await me().call('SLOW');
    expect(created.result).toEqual({
      resultType: 'task',
      taskId: expect.stringMatching(/^[\w-]{32}$/),
      status: 'working',
      statusMessage: 'The call is running',
      createdAt: '2026-11-22T18:31:51.250Z',
      lastUpdatedAt: '2026-11-22T18:31:51.250Z',
      ttlMs: 60_000,
      pollIntervalMs: 1000,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'mcp-zava-sales', version: '0.0.0-test' } },
    });
    const { taskId } = created.result;
    const working = await me().get(taskId);
    expect(working.result).toMatchObject({ resultType: 'complete', taskId, status: 'working' });
    expect('result' in working.result || 'error' in working.result).toBe(false);
    running[0]?.finish();
    const done = await me().get(taskId);
    expect(done.result).toMatchObject({ status: 'completed', result: { structuredContent: { row_count: 2 } } });
    expect(done.wire).toContain('"rows":[[12.50,0.12345678901234567890,100000000000000000000.10]');
    expect(done.result.result.structuredContent.rows).toEqual(JSON.parse(awkwardRows));
    // Once more, on another connection: the handle is all that a client needs.
    expect((await me().get(taskId)).result.status).toBe('completed');
  });

  test('that fails has completed with the error as its result', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    running[0]?.fail(new AppError('query_failed', 'division by zero'));
    const { result } = await me().get(taskId);
    expect([result.status, result.result.isError, JSON.parse(result.result.content[0].text).code]).toEqual([
      'completed',
      true,
      'query_failed',
    ]);
  });

  test('goes on when the client has gone after it had its handle', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    expect(running[0]?.signal?.aborted).toBe(false);
    running[0]?.finish();
    expect((await me().get(taskId)).result.status).toBe('completed');
  });

  test('is cancelled when the client goes before it has a handle', async () => {
    await stack.close();
    await start({ ttlMs: 60_000, afterMs: 60_000 });
    const gone = new AbortController();
    const params = { name: 'execute_sales_query', arguments: { postgresql_query: 'SLOW' }, _meta: tasksMeta };
    const pending = postModern(stack.mcpUrl, 'tools/call', params, { signal: gone.signal }).catch(() => 'gone');
    await expect.poll(() => running.length).toBe(1);
    gone.abort();
    expect(await pending).toBe('gone');
    await expect.poll(() => running[0]?.signal?.aborted).toBe(true);
  });

  test('is recorded once, when it ends, under the request that started it', async () => {
    const created = await me().call('SLOW');
    const calls = () => stack.observations.filter((told) => told.kind === 'tool_called');
    expect(calls()).toEqual([]);
    running[0]?.finish();
    await expect.poll(calls).toMatchObject([
      {
        requestId: created.response.headers.get('x-request-id'),
        tool: 'execute_sales_query',
        statement: 'SLOW',
        outcome: 'answered',
      },
    ]);
  });
});

describe('cancelling', () => {
  test('stops the statement and is acknowledged without a word', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    const { result } = await me().cancel(taskId);
    expect(Object.keys(result).sort()).toEqual(['_meta', 'resultType']);
    expect(running[0]?.signal?.aborted).toBe(true);
    expect((await me().get(taskId)).result).toMatchObject({ status: 'cancelled' });
    expect(stack.observations).toContainEqual(
      expect.objectContaining({ kind: 'tool_called', outcome: 'failed', code: 'query_timeout' }),
    );
  });

  test('what has ended changes nothing', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    running[0]?.finish();
    await expect.poll(async () => (await me().get(taskId)).result.status).toBe('completed');
    expect((await me().cancel(taskId)).result.resultType).toBe('complete');
    expect((await me().get(taskId)).result.status).toBe('completed');
  });
});

describe('a handle', () => {
  test.each([
    ['another person', 'colleague'],
    ['the same person with fewer permissions', 'narrowed'],
    ['the same person in another scope', 'elsewhere'],
    ['the same person in a wider scope', 'wider'],
  ])('in the hands of %s leads nowhere, whatever is asked with it', async (_who, token) => {
    const { taskId } = (await me().call('SLOW')).result;
    const thief = as(token);
    const nothing = await thief.get('A'.repeat(32));
    for (const attempt of [thief.get, thief.cancel, thief.update]) {
      const { status, error } = await attempt(taskId);
      expect([status, error.code, error.data.code]).toEqual([200, -32602, 'not_found']);
      expect(error.message).toBe(nothing.error.message);
    }
    expect(running[0]?.signal?.aborted).toBe(false);
    running[0]?.finish();
    expect((await thief.get(taskId)).error.code).toBe(-32602);
    expect((await me().get(taskId)).result.status).toBe('completed');
  });

  test('does not help without a good token', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    expect((await as('revoked').get(taskId)).status).toBe(401);
    expect((await as('').cancel(taskId)).status).toBe(401);
    expect(running[0]?.signal?.aborted).toBe(false);
  });

  test.each([
    ['a number', 5],
    ['an object', { a: 1 }],
    ['an endless text', 'x'.repeat(100_000)],
    ['nothing', undefined],
  ])('that is %s is refused as a parameter', async (_what, taskId) => {
    const { error } = await me().ask('tasks/get', { taskId } as never, { headers: { 'Mcp-Name': 'x' } });
    expect([-32602, -32020]).toContain(error.code);
  });

  test('is put on record where it is used for an answer, to cancel, or in vain; asking whether it is done is not', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    await me().get(taskId);
    expect(asked()).toEqual([]);
    await as('colleague').get(taskId);
    running[0]?.finish();
    await expect.poll(async () => (await me().get(taskId)).result.status).toBe('completed');
    await me().cancel(taskId);
    expect(asked()).toMatchObject([
      { method: 'tasks/get', subject: 'tacoma-manager', outcome: 'refused', code: 'not_found' },
      { method: 'tasks/get', subject: 'seattle-manager', outcome: 'answered', callId: expect.any(String) },
      { method: 'tasks/cancel', subject: 'seattle-manager', outcome: 'answered' },
    ]);
  });

  test('leads nowhere once its time is over, and what still ran is stopped', async () => {
    await stack.close();
    await start({ ttlMs: 40, afterMs: 5 });
    const { taskId } = (await me().call('SLOW')).result;
    await expect.poll(async () => (await me().get(taskId)).error?.code).toBe(-32602);
    expect(running[0]?.signal?.aborted).toBe(true);
  });
});

describe('tasks are bounded', () => {
  test('one caller has four running: the next call is waited for, and others are not concerned', async () => {
    const created = await Promise.all([1, 2, 3, 4].map((n) => me().call(`SLOW ${n}`)));
    expect(created.map(({ result }) => result.resultType)).toEqual(['task', 'task', 'task', 'task']);
    const fifth = me().call('SLOW 5');
    await expect.poll(() => running.length).toBe(5);
    expect((await as('colleague').call('SLOW')).result.resultType).toBe('task');
    running[4]?.finish();
    expect((await fifth).result).toMatchObject({ resultType: 'complete', structuredContent: { row_count: 2 } });
    await me().cancel(created[0].result.taskId);
    expect((await me().call('SLOW 6')).result.resultType).toBe('task');
  });

  test('answers that nobody fetches are bounded, too', async () => {
    await stack.close();
    await start({ ttlMs: 60_000, afterMs: 5, maxKept: 2 });
    for (const n of [0, 1]) {
      const { taskId } = (await me().call('SLOW')).result;
      running[n]?.finish();
      await expect.poll(async () => (await me().get(taskId)).result.status).toBe('completed');
    }
    const third = me().call('SLOW');
    await expect.poll(() => running.length).toBe(3);
    running[2]?.finish();
    expect((await third).result.resultType).toBe('complete');
  });

  test('answers that take too much memory keep further tasks away', async () => {
    await stack.close();
    await start({ ttlMs: 60_000, afterMs: 5, maxBytes: 100 });
    const { taskId } = (await me().call('SLOW')).result;
    running[0]?.finish();
    await expect.poll(async () => (await me().get(taskId)).result.status).toBe('completed');
    const next = me().call('SLOW');
    await expect.poll(() => running.length).toBe(2);
    running[1]?.finish();
    expect((await next).result.resultType).toBe('complete');
  });
});

describe('a client that does not take tasks', () => {
  const plain = () => asker(stack.mcpUrl, {}, false);

  test('is never given one, however slow the call', async () => {
    const pending = plain().call('SLOW');
    await expect.poll(() => running.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    running[0]?.finish();
    expect((await pending).result).toMatchObject({ resultType: 'complete', structuredContent: { row_count: 2 } });
  });

  test('is told what it lacks when it asks for one, even for its own', async () => {
    const { taskId } = (await me().call('SLOW')).result;
    for (const ask of [plain().get, plain().update, plain().cancel]) {
      const { status, error } = await ask(taskId);
      expect([status, error.code]).toEqual([400, -32021]);
      expect(error.data.requiredCapabilities).toEqual({ extensions: { 'io.modelcontextprotocol/tasks': {} } });
    }
    expect(running[0]?.signal?.aborted).toBe(false);
  });

  test('of an older revision knows no such methods', async () => {
    const answer = await (await postLegacy(stack.mcpUrl, 'tasks/get', { taskId: 'x' })).json();
    expect(answer).toMatchObject({ error: { code: -32601 } });
  });
});

test('the extension is announced to the revision that has it, and nowhere when no tasks are kept', async () => {
  const client = await modernClient(stack.mcpUrl, 'manager');
  expect(client.getServerCapabilities()).toMatchObject({ extensions: { 'io.modelcontextprotocol/tasks': {} } });
  await client.close();
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  expect(await (await postLegacy(stack.mcpUrl, 'initialize', params)).text()).not.toContain('extensions');
  await stack.close();
  stack = await httpStack();
  expect((await me().ask('server/discover', {})).wire).not.toContain('io.modelcontextprotocol/tasks"');
  expect((await me().get('x')).status).toBe(404);
});

test('what every call is admitted by is asked for tasks, too', async () => {
  await stack.close();
  const limited: string[] = [];
  await start(undefined, {
    limit: async (_principal, { name }) => {
      limited.push(name);
      if (name === 'tasks/cancel') throw new AppError('overloaded', 'Nothing more can be put on record', { retryAfterMs: 1000 });
    },
  });
  const { taskId } = (await me().call('SLOW')).result;
  await me().get(taskId);
  expect((await me().cancel(taskId)).status).toBe(503);
  expect(limited).toEqual(['execute_sales_query', 'tasks/get', 'tasks/cancel']);
});

test('a stop of the server stops what runs', async () => {
  await me().call('SLOW');
  await stack.close();
  expect(running[0]?.signal?.aborted).toBe(true);
});
