import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { awkwardResult, awkwardRows, mcpStack, type Ports, principal } from '../support/mcp-stack.ts';
import { modernMeta, type Params } from '../support/raw-mcp.ts';

interface Message {
  id?: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every method
  result?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  error?: any;
}

function connection(ports: Ports = {}, caller = principal()) {
  const stack = mcpStack(ports);
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const lines: string[] = [];
  let rest = '';
  stdout.on('data', (chunk) => {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  const server = stack.serving.stdio(caller, { stdin, stdout });
  const write = (message: object) => stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const answerTo = async (id: number): Promise<{ line: string; message: Message }> => {
    const line = await expect
      .poll(() => lines.find((candidate) => (JSON.parse(candidate) as Message).id === id), { interval: 5 })
      .toBeTruthy()
      .then(() => lines.find((candidate) => (JSON.parse(candidate) as Message).id === id) ?? '');
    return { line, message: JSON.parse(line) };
  };
  return { ...stack, server, stdin, stdout, lines, write, answerTo };
}

const openers = {
  '2026-07-28': async () => ({ _meta: modernMeta }),
  '2025-11-25': async ({ write, answerTo }: ReturnType<typeof connection>) => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    write({ id: 0, method: 'initialize', params });
    expect((await answerTo(0)).message.result).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'mcp-zava-sales' },
      instructions: expect.stringContaining('fiscal year is the calendar year'),
    });
    write({ method: 'notifications/initialized' });
    return {};
  },
} as const;

describe.each(Object.entries(openers))('revision %s over stdio', (_era, open) => {
  const call = (postgresql_query: string): Params => ({ name: 'execute_sales_query', arguments: { postgresql_query } });

  test('one message a line, with the exact digits, whatever the rows hold', async () => {
    const client = connection();
    const meta = await open(client);
    client.write({ id: 1, method: 'tools/call', params: { ...call('SELECT 1'), ...meta } });
    const { line, message } = await client.answerTo(1);
    expect(line).toContain('"rows":[[12.50,0.12345678901234567890,100000000000000000000.10]');
    expect(message.result.structuredContent.rows).toEqual(JSON.parse(awkwardRows));
    for (const written of client.lines) expect(() => JSON.parse(written)).not.toThrow();
    await client.server.close();
  });

  test('what HTTP refuses with a status is an error result here', async () => {
    const client = connection({}, principal(['catalog:read'], []));
    const meta = await open(client);
    client.write({ id: 1, method: 'tools/call', params: { ...call('SELECT 1'), ...meta } });
    const { result } = (await client.answerTo(1)).message;
    expect(result.isError).toBe(true);
    expect(JSON.parse(result.content[0].text)).toMatchObject({ code: 'insufficient_scope' });
    expect(client.queries).toHaveLength(0);
    client.write({ id: 2, method: 'tools/list', params: meta });
    const names = (await client.answerTo(2)).message.result.tools.map((tool: { name: string }) => tool.name);
    expect(names).not.toContain('execute_sales_query');
    await client.server.close();
  });

  test('a resource behind a permission is refused with a JSON-RPC error', async () => {
    const client = connection({}, principal(['sales:read']));
    const meta = await open(client);
    client.write({ id: 1, method: 'resources/read', params: { uri: 'zava://schema/orders', ...meta } });
    const { error } = (await client.answerTo(1)).message;
    expect([error.code, error.data.code]).toEqual([-32000, 'insufficient_scope']);
    await client.server.close();
  });

  test('unknown tools and methods are answered with the same errors as over HTTP', async () => {
    const client = connection();
    const meta = await open(client);
    client.write({ id: 1, method: 'tools/call', params: { name: 'nothing', ...meta } });
    expect((await client.answerTo(1)).message.error).toMatchObject({ code: -32602, data: { code: 'not_found' } });
    client.write({ id: 2, method: 'tools/imagine', params: meta });
    expect((await client.answerTo(2)).message.error).toMatchObject({ code: -32601, data: { code: 'not_found' } });
    await client.server.close();
  });

  test('notifications/cancelled stops the statement, and the connection lives on', async () => {
    const client = connection({
      runQuery: ({ sql, signal }) =>
        sql === 'WAIT'
          ? new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
          : Promise.resolve(awkwardResult),
    });
    const meta = await open(client);
    client.write({ id: 1, method: 'tools/call', params: { ...call('WAIT'), ...meta } });
    await expect.poll(() => client.queries.length).toBe(1);
    client.write({ method: 'notifications/cancelled', params: { requestId: 1, ...meta } });
    await expect.poll(() => client.queries[0]?.signal?.aborted).toBe(true);
    client.write({ id: 2, method: 'tools/call', params: { ...call('SELECT 1'), ...meta } });
    expect((await client.answerTo(2)).message.result.structuredContent.row_count).toBe(2);
    await client.server.close();
  });
});

test('the server ends when stdin closes, and aborts what still runs', async () => {
  const client = connection({
    runQuery: ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  });
  const params = { name: 'execute_sales_query', arguments: { postgresql_query: 'WAIT' }, _meta: modernMeta };
  client.write({ id: 1, method: 'tools/call', params });
  await expect.poll(() => client.queries.length).toBe(1);
  client.stdin.end();
  await client.server.closed;
  await expect.poll(() => client.queries[0]?.signal?.aborted).toBe(true);
});

test('a client that stops reading ends the connection instead of the process', async () => {
  const client = connection();
  client.stdout.destroy(new Error('EPIPE'));
  await client.server.closed;
});

test('broken input is noted and the next message is served', async () => {
  const client = connection();
  client.stdin.write('{"jsonrpc":"2.0", broken\n');
  client.write({ id: 1, method: 'tools/list', params: { _meta: modernMeta } });
  expect((await client.answerTo(1)).message.result.tools).toContainEqual(
    expect.objectContaining({ name: 'execute_sales_query' }),
  );
  await client.server.close();
});
