import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpPorts, type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postLegacy, postRaw } from '../support/raw-mcp.ts';

let stack: HttpStack;
const start = async (ports: HttpPorts = {}) => {
  await stack?.close();
  stack = await httpStack(ports);
};
beforeEach(() => start());
afterEach(() => stack.close());

const get = (path: string, init?: RequestInit) => fetch(stack.server.url + path, init);
const date = { name: 'get_current_utc_date', arguments: {} };

describe('faults of ours', () => {
  test('before dispatch: 500 with the request id and nothing else', async () => {
    const response = await postLegacy(stack.mcpUrl, 'tools/call', date, { token: 'bug' });
    const { error } = await answerOf(response);
    expect([response.status, error.code, error.data.code]).toEqual([500, -32603, 'internal']);
    expect(error.message).toContain(response.headers.get('x-request-id'));
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(stack.observations).toContainEqual(expect.objectContaining({ kind: 'fault_met', where: 'http' }));
  });

  test('on a plain route: 500 with a plain body', async () => {
    stack.fault = new Error('disk on fire');
    const response = await get('/health/ready');
    expect([response.status, await response.json()]).toEqual([500, expect.objectContaining({ code: 'internal' })]);
  });

  const streaming = (events: () => AsyncIterable<string>) => ({
    handle: async () => ({ status: 200, contentType: 'text/event-stream', body: events() }),
    close: async () => {},
  });

  test('in the middle of a stream: the connection is cut', async () => {
    const endpoint = streaming(async function* () {
      yield 'data: 1\n\n';
      await new Promise((resolve) => setTimeout(resolve, 30));
      throw new Error('bug');
    });
    await start({ endpoint });
    const response = await postRaw(stack.mcpUrl, '{}');
    await expect(response.text()).rejects.toThrow();
  });

  test('a long stream waits for a slow reader and arrives whole', async () => {
    const event = `data: ${'x'.repeat(256 * 1024)}\n\n`;
    let written = 0;
    const endpoint = streaming(async function* () {
      for (; written < 40; written += 1) yield event;
    });
    await start({ endpoint });
    const response = await postRaw(stack.mcpUrl, '{}');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(written).toBeLessThan(40);
    expect((await response.text()).length).toBe(40 * event.length);
  });

  test('a reader that leaves ends the stream', async () => {
    let ended = false;
    const endpoint = streaming(async function* () {
      try {
        for (;;) yield `data: ${'x'.repeat(256 * 1024)}\n\n`;
      } finally {
        ended = true;
      }
    });
    await start({ endpoint });
    const gone = new AbortController();
    await postRaw(stack.mcpUrl, '{}', { signal: gone.signal });
    gone.abort();
    await expect.poll(() => ended).toBe(true);
  });
});
