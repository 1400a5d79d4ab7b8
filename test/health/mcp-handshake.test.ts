import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppError } from '../../src/core/errors.ts';
import { shakeHands } from '../../src/health/mcp-handshake.ts';
import { type HttpStack, httpStack } from '../support/mcp-stack.ts';

let stack: HttpStack;
beforeAll(async () => {
  stack = await httpStack();
});
afterAll(() => stack.close());

const { signal } = new AbortController();
const failure = (promise: Promise<string>) => promise.then(String, (error: AppError) => `${error.message} | ${error.hint}`);

/** Answers every method by a table of our own. */
async function withServer<T>(listener: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
const answering =
  (results: Record<string, unknown>, contentType = 'application/json'): RequestListener =>
  async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method } = JSON.parse(text) as { method: string };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, result: results[method] });
    response.setHeader('Content-Type', contentType);
    response.end(contentType === 'text/event-stream' ? `event: message\ndata: ${body}\n\n` : body);
  };

const sound = {
  initialize: { protocolVersion: '2025-11-25' },
  'server/discover': { supportedVersions: ['2026-07-28'] },
  'tools/list': { tools: [{}, {}] },
};

test('a running server answers the clients of both eras', async () => {
  expect(await shakeHands({ url: stack.mcpUrl, token: 'manager', signal })).toBe('2025-11-25: 9 tools; 2026-07-28: 9 tools');
});

test('without a token the demand for one is a good answer', async () => {
  expect(await shakeHands({ url: stack.mcpUrl, signal })).toBe('2025-11-25: asks for a token; 2026-07-28: asks for a token');
});

test('a token that is refused is a failure with the next step', async () => {
  expect(await failure(shakeHands({ url: stack.mcpUrl, token: 'nobody', signal }))).toMatch(
    /^Revision 2025-11-25: initialize answered with HTTP 401 \| .*token/,
  );
});

test('an address where nobody listens is told as such', async () => {
  expect(await failure(shakeHands({ url: 'http://127.0.0.1:9/mcp', signal }))).toMatch(/does not answer \| Start the server/);
});

test('an answer in one event of a stream counts', async () => {
  expect(await withServer(answering(sound, 'text/event-stream'), (url) => shakeHands({ url, signal }))).toBe(
    '2025-11-25: 2 tools; 2026-07-28: 2 tools',
  );
});

test.each([
  [
    'that agrees on another revision',
    { ...sound, initialize: { protocolVersion: '2024-11-05' } },
    'initialize agreed on another revision',
  ],
  [
    'without the modern revision',
    { ...sound, 'server/discover': { supportedVersions: [] } },
    'server/discover does not list the revision',
  ],
  ['without a list of versions', { ...sound, 'server/discover': {} }, 'server/discover does not list the revision'],
  ['without tools', { ...sound, 'tools/list': {} }, 'tools/list gave no tools'],
  ['without a result', { ...sound, initialize: undefined }, 'initialize gave no result'],
])('a server %s is found out', async (_name, results, told) => {
  expect(await withServer(answering(results), (url) => failure(shakeHands({ url, signal })))).toContain(told);
});

test('an answer that is not JSON is no result', async () => {
  const page: RequestListener = (_request, response) => response.end('<html>');
  expect(await withServer(page, (url) => failure(shakeHands({ url, signal })))).toContain('initialize gave no result');
});
