import { PassThrough } from 'node:stream';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { awkwardResult, awkwardRows, type HttpStack, httpStack, mcpStack, principal } from '../support/mcp-stack.ts';
import { modernMeta, postLegacy, postModern } from '../support/raw-mcp.ts';

let finish = () => {};
let stack: HttpStack;
const runQuery = ({ sql, signal }: { sql: string; signal?: AbortSignal | undefined }) =>
  sql === 'QUICK'
    ? Promise.resolve(awkwardResult)
    : new Promise<typeof awkwardResult>((resolve, reject) => {
        finish = () => resolve(awkwardResult);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
beforeAll(async () => {
  stack = await httpStack({ runQuery, progressEveryMs: 10 });
});
beforeEach(() => {
  finish = () => {};
});
afterAll(() => stack.close());

const query = (sql: string) => ({ name: 'execute_sales_query', arguments: { postgresql_query: sql } });
const withToken = (progressToken: unknown, sql = 'SLOW') => ({ ...query(sql), _meta: { progressToken } });

interface Event {
  readonly method?: string;
  readonly id?: number;
  readonly params?: { readonly progressToken: unknown; readonly progress: number; readonly message: string };
  // biome-ignore lint/suspicious/noExplicitAny: answers of every method
  readonly result?: any;
}

/** Calls `onEvent` for each message, and gives all of them. */
async function eventsOf(response: Response, onEvent: (event: Event) => void = () => {}): Promise<Event[]> {
  const events: Event[] = [];
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const event = JSON.parse(/^event: message\ndata: (.*)$/s.exec(part)?.[1] ?? 'null') as Event;
      events.push(event);
      onEvent(event);
    }
  }
  return events;
}

describe.each([
  ['2026-07-28', modernClient, postModern],
  ['2025-11-25', legacyClient, postLegacy],
] as const)('in revision %s', (_era, connect, send) => {
  test('the official client hears of a long call, and gets its answer with every digit', async () => {
    const client = await connect(stack.mcpUrl, 'manager');
    const heard: { progress: number; message?: string | undefined }[] = [];
    const onprogress = (progress: (typeof heard)[number]) => {
      heard.push(progress);
      if (heard.length === 3) finish();
    };
    const ask =
      client instanceof LegacyClient
        ? client.callTool(query('SLOW'), undefined, { onprogress })
        : client.callTool(query('SLOW'), { onprogress });
    const answer = await ask;
    expect(heard.slice(0, 3).map(({ progress }) => progress)).toEqual([1, 2, 3]);
    expect(heard[0]?.message).toMatch(/^Running for \d+ s$/);
    expect(answer.structuredContent).toMatchObject({ rows: JSON.parse(awkwardRows) });
    await client.close();
  });

  test('notices and the answer come as one event stream that ends with the answer', async () => {
    const response = await send(stack.mcpUrl, 'tools/call', withToken('t1'));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const events = await eventsOf(response, ({ params }) => params?.progress === 2 && finish());
    const notices = events.slice(0, -1);
    expect(notices.map(({ params }) => params?.progressToken)).toEqual(notices.map(() => 't1'));
    expect(notices.map(({ params }) => params?.progress)).toEqual(notices.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ id: 7, result: { structuredContent: { row_count: 2 } } });
  });

  test('a quick call is answered in one piece, byte for byte as without a token', async () => {
    const [plain, asked] = await Promise.all(
      [query('QUICK'), withToken(1, 'QUICK')].map(async (params) => {
        const response = await send(stack.mcpUrl, 'tools/call', params);
        return [response.headers.get('content-type'), await response.text()];
      }),
    );
    expect(asked).toEqual(plain);
  });

  test('without a token nothing is told', async () => {
    const pending = send(stack.mcpUrl, 'tools/call', query('SLOW'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    finish();
    const response = await pending;
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ result: { structuredContent: { row_count: 2 } } });
  });

  test.each([
    ['an object', { toString: 'x' }],
    ['a fraction', 1.5],
    ['a number beyond the exact ones', 1e300],
    ['null', null],
    ['a list', ['t']],
    ['a long text', 'x'.repeat(5000)],
  ])('a token that is %s is never repeated', async (_what, token) => {
    const pending = send(stack.mcpUrl, 'tools/call', withToken(token));
    await new Promise((resolve) => setTimeout(resolve, 60));
    finish();
    const response = await pending;
    expect(response.headers.get('content-type')).toContain('application/json');
    expect((await response.text()).length).toBeLessThan(2000);
  });

  test('a token that tries to break out of its event stays inside it', async () => {
    const token = '"}\n\ndata: {"jsonrpc":"2.0","id":7,"result":{}}\n\n\u2028';
    const events = await eventsOf(await send(stack.mcpUrl, 'tools/call', withToken(token)), ({ params }) => params && finish());
    expect(events.every((event) => event.id === 7 || event.params?.progressToken === token)).toBe(true);
    expect(events.filter((event) => event.id === 7)).toHaveLength(1);
  });

  test('a client that leaves the stream cancels the statement', async () => {
    const gone = new AbortController();
    const response = await send(stack.mcpUrl, 'tools/call', withToken('t'), { signal: gone.signal });
    const running = stack.queries.at(-1);
    await response.body?.getReader().read();
    gone.abort();
    await expect.poll(() => running?.signal?.aborted).toBe(true);
  });

  test('a refusal has its status, token or not', async () => {
    const response = await send(stack.mcpUrl, 'tools/call', withToken('t'), { token: 'catalogue' });
    expect(response.status).toBe(403);
  });
});

test('a client that takes no event stream is answered in one piece', async () => {
  const pending = postModern(stack.mcpUrl, 'tools/call', withToken('t'), { headers: { Accept: 'application/json' } });
  await new Promise((resolve) => setTimeout(resolve, 60));
  finish();
  expect((await pending).headers.get('content-type')).toContain('application/json');
});

test('what the SDK answers tells its progress, too', async () => {
  const through = await httpStack({ runQuery, progressEveryMs: 10, directCalls: false });
  for (const send of [postModern, postLegacy]) {
    const events = await eventsOf(await send(through.mcpUrl, 'tools/call', withToken(5)), ({ params }) => params && finish());
    expect(events[0]?.params).toMatchObject({ progressToken: 5, progress: 1 });
    expect(events.at(-1)?.result.structuredContent.rows).toEqual(JSON.parse(awkwardRows));
  }
  await through.close();
});

test('over stdio notices come on the connection, before the answer', async () => {
  const { serving } = mcpStack({ runQuery, progressEveryMs: 10 });
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const server = serving.stdio(principal(), { stdin, stdout });
  const messages: Event[] = [];
  stdout.on('data', (line) => {
    const message = JSON.parse(String(line)) as Event;
    messages.push(message);
    if (message.params?.progress === 2) finish();
  });
  const params = { ...query('SLOW'), _meta: { ...modernMeta, progressToken: 'p' } };
  stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })}\n`);
  await expect.poll(() => messages.at(-1)?.result?.structuredContent.row_count).toBe(2);
  expect(messages.slice(0, 2).map(({ params: notice }) => [notice?.progressToken, notice?.progress])).toEqual([
    ['p', 1],
    ['p', 2],
  ]);
  await server.close();
});
