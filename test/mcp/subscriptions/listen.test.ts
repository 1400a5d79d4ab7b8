import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modernClient } from '../../support/mcp-clients.ts';
import { type HttpPorts, type HttpStack, httpStack, principal } from '../../support/mcp-stack.ts';
import { answerOf, postLegacy, postModern, type RawRequest } from '../../support/raw-mcp.ts';

interface Message {
  readonly method?: string;
  readonly id?: number;
  // biome-ignore lint/suspicious/noExplicitAny: messages of every kind
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly result?: any;
}

let stack: HttpStack;
let changed: (table: string) => void = () => {};
const start = async (subscriptions: HttpPorts['subscriptions'] = {}, ports: HttpPorts = {}) => {
  stack = await httpStack({
    subscriptions: {
      checkMs: 10,
      everyMs: 0,
      onTableChange: (listener) => {
        changed = listener;
      },
      ...subscriptions,
    },
    ...ports,
  });
};
beforeEach(() => start());
afterEach(() => stack.close());

/** Opens a stream and gathers what comes. */
async function listen(notifications: object, options: RawRequest = {}) {
  const leaving = new AbortController();
  const response = await postModern(
    stack.mcpUrl,
    'subscriptions/listen',
    { notifications },
    { ...options, signal: leaving.signal },
  );
  const messages: Message[] = [];
  let ended = false;
  const read = async () => {
    let rest = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const data = /^event: message\ndata: (.*)$/s.exec(part)?.[1];
        if (data !== undefined) messages.push(JSON.parse(data) as Message);
      }
    }
  };
  const reading = response.ok
    ? read()
        .catch(() => {})
        .finally(() => {
          ended = true;
        })
    : Promise.resolve();
  return { response, messages, leave: () => leaving.abort(), reading, ended: () => ended };
}
const acknowledged = ({ messages }: Awaited<ReturnType<typeof listen>>) => expect.poll(() => messages[0]?.params?.notifications);
const subscription = { 'io.modelcontextprotocol/subscriptionId': 7 };
const lastResult = { id: 7, result: { resultType: 'complete', _meta: subscription } };
const catalogue = ['zava://schema/categories', 'zava://schema/products'];

describe('a stream', () => {
  test('acknowledges first, and then tells of the resources that a change alters', async () => {
    const stream = await listen({ resourceSubscriptions: catalogue, toolsListChanged: true });
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no');
    await acknowledged(stream).toEqual({ resourceSubscriptions: catalogue, toolsListChanged: true });
    changed('categories');
    await expect.poll(() => stream.messages.length).toBe(3);
    expect(stream.messages.slice(1)).toEqual(
      catalogue.map((uri) => ({
        jsonrpc: '2.0',
        method: 'notifications/resources/updated',
        params: { uri, _meta: subscription },
      })),
    );
  });

  test('never tells of tenants’ tables: a change there is other tenants’ trade', async () => {
    const all = ['orders', 'order_items', 'customers', 'inventory', 'sales_by_day'].map((table) => `zava://schema/${table}`);
    const stream = await listen({ resourceSubscriptions: [...all, ...catalogue] });
    await acknowledged(stream).toBeDefined();
    for (const table of ['orders', 'order_items', 'customers', 'inventory', 'sales_by_day']) changed(table);
    changed('categories');
    await expect.poll(() => stream.messages.length).toBe(3);
    expect(stream.messages.slice(1).map(({ params }) => params.uri)).toEqual(catalogue);
  });

  test('leaves out what the caller may not read or nobody has, and bounds how much may be named', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `zava://schema/t${index}`);
    const stream = await listen({ resourceSubscriptions: [...many, ...catalogue, 'zava://calendar'] }, { token: 'nothing' });
    await acknowledged(stream).toEqual({ resourceSubscriptions: ['zava://calendar'] });
  });

  test('says that it is there while nothing happens', async () => {
    await stack.close();
    await start({ heartbeatMs: 5 });
    const response = await postModern(stack.mcpUrl, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
    const reader = response.body!.getReader();
    let text = '';
    while (!text.includes(': keepalive\n\n: keepalive\n\n')) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
  });

  test('that would tell of nothing ends at once', async () => {
    const stream = await listen({ resourceSubscriptions: catalogue, promptsListChanged: true }, { token: 'nothing' });
    await stream.reading;
    expect(stream.messages).toMatchObject([{ params: { notifications: {} } }, lastResult]);
  });

  test('is the official client’s, too', async () => {
    const client = await modernClient(stack.mcpUrl, 'manager');
    const heard: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    const { honoredFilter, close } = await client.listen({ resourceSubscriptions: ['zava://schema/categories'] });
    expect(honoredFilter).toEqual({ resourceSubscriptions: ['zava://schema/categories'] });
    changed('categories');
    await expect.poll(() => heard).toEqual(['zava://schema/categories']);
    await close();
    await client.close();
  });
});

describe('a stream ends in good order', () => {
  test('when the token is revoked or has expired', async () => {
    const stream = await listen({ toolsListChanged: true });
    await acknowledged(stream).toBeDefined();
    delete stack.people.manager;
    await stream.reading;
    expect(stream.messages.slice(1)).toMatchObject([lastResult]);
  });

  test('when the caller may see something else by now, after saying that the lists have changed', async () => {
    const stream = await listen({ toolsListChanged: true, resourcesListChanged: true });
    await acknowledged(stream).toBeDefined();
    stack.people.manager = principal(['catalog:read']);
    await stream.reading;
    expect(stream.messages.slice(1)).toMatchObject([
      { method: 'notifications/tools/list_changed', params: { _meta: subscription } },
      { method: 'notifications/resources/list_changed', params: { _meta: subscription } },
      lastResult,
    ]);
  });

  test('without a notice that nobody asked for', async () => {
    const stream = await listen({ resourceSubscriptions: catalogue });
    await acknowledged(stream).toBeDefined();
    stack.people.manager = principal(['catalog:read']);
    await stream.reading;
    expect(stream.messages.slice(1)).toMatchObject([lastResult]);
  });

  test('when the server stops, which does not wait for it', async () => {
    const stream = await listen({ toolsListChanged: true });
    await acknowledged(stream).toBeDefined();
    await stack.close();
    await stream.reading;
    expect(stream.messages.slice(1)).toMatchObject([lastResult]);
    await start();
  });
});

describe('streams are bounded', () => {
  const isOpen = async (stream: Awaited<ReturnType<typeof listen>>) => acknowledged(stream).toBeDefined();

  test('for one caller: one more is 429, until another has gone', async () => {
    const streams = [];
    for (let n = 0; n < 4; n += 1) streams.push(await listen({ toolsListChanged: true }));
    for (const stream of streams) await isOpen(stream);
    const fifth = await listen({ toolsListChanged: true });
    expect(fifth.response.status).toBe(429);
    expect(fifth.response.headers.get('retry-after')).toBe('1');
    await isOpen(await listen({ toolsListChanged: true }, { token: 'colleague' }));
    streams[0]?.leave();
    await expect.poll(async () => (await listen({ toolsListChanged: true })).response.status).toBe(200);
  });

  test('for all together: one more is 503', async () => {
    await stack.close();
    await start({ maxTotal: 1 });
    await isOpen(await listen({ toolsListChanged: true }));
    expect((await listen({ toolsListChanged: true }, { token: 'colleague' })).response.status).toBe(503);
  });

  test('a flood of streams that are left at once leaves no place taken', async () => {
    for (let round = 0; round < 30; round += 1) {
      const stream = await listen({ toolsListChanged: true });
      stream.leave();
      await stream.reading;
      await expect.poll(async () => (await postModern(stack.mcpUrl, 'tools/list', {})).status).toBe(200);
    }
    await expect
      .poll(async () => {
        const four = [];
        for (let n = 0; n < 4; n += 1) four.push(await listen({ toolsListChanged: true }));
        for (const stream of four) stream.leave();
        return four.map(({ response }) => response.status);
      })
      .toEqual([200, 200, 200, 200]);
  });

  test('streams that end by themselves leave no place taken', async () => {
    for (let round = 0; round < 10; round += 1) await (await listen({})).reading;
    expect((await listen({ toolsListChanged: true })).response.status).toBe(200);
  });

  test('open streams are no requests in progress', async () => {
    await stack.close();
    await start({}, { maxInFlight: 2 });
    for (let n = 0; n < 4; n += 1) await isOpen(await listen({ toolsListChanged: true }));
    const statuses = await Promise.all([1, 2].map(async () => (await postModern(stack.mcpUrl, 'tools/list', {})).status));
    expect(statuses).toEqual([200, 200]);
  });
});

describe('what is no such request is refused', () => {
  test.each([
    ['no filter', {}],
    ['a filter of another kind', { notifications: 'all' }],
    ['addresses that are no text', { notifications: { resourceSubscriptions: [5] } }],
    ['a switch that is no switch', { notifications: { toolsListChanged: 'yes' } }],
  ])('%s', async (_what, params) => {
    const { error } = await answerOf(await postModern(stack.mcpUrl, 'subscriptions/listen', params));
    expect([error.code, error.data.code]).toEqual([-32602, 'invalid_input']);
  });

  test('notices about tasks for a client that does not take tasks', async () => {
    const response = await postModern(stack.mcpUrl, 'subscriptions/listen', { notifications: { taskIds: ['x'] } });
    const { error } = await answerOf(response);
    expect([response.status, error.code, error.data.requiredCapabilities]).toEqual([
      400,
      -32021,
      { extensions: { 'io.modelcontextprotocol/tasks': {} } },
    ]);
  });

  test('a token that is not good', async () => {
    expect((await listen({ toolsListChanged: true }, { token: 'nobody' })).response.status).toBe(401);
  });

  test('an older revision, which has no such method', async () => {
    expect((await answerOf(await postLegacy(stack.mcpUrl, 'subscriptions/listen', { notifications: {} }))).error.code).toBe(
      -32601,
    );
  });
});

test('what every call is admitted by is asked for streams, too', async () => {
  await stack.close();
  const limited: string[] = [];
  await start({}, { limit: async (_principal, { name }) => void limited.push(name) });
  await (await listen({})).reading;
  expect(limited).toEqual(['subscriptions/listen']);
});
