import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { smoke } from '../../tools/smoke.mjs';

const state = { ready: [200], status: 200, body: '' };
const good = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { structuredContent: { utc: '2026-11-22T18:31:51Z' } } });
const server = createServer((request, response) => {
  if (request.url === '/health/ready')
    return response.writeHead(state.ready.length > 1 ? (state.ready.shift() ?? 0) : (state.ready[0] ?? 0)).end();
  const authorised = request.headers.authorization === 'Bearer the-token';
  return response.writeHead(authorised ? state.status : 401).end(authorised ? state.body : 'no');
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => Object.assign(state, { ready: [200], status: 200, body: good }));

const tried = (changes: object = {}) => smoke({ url, token: 'the-token', waitMs: 50, pauseMs: 10, ...changes });

test('waits until the server is ready, and reads a tool’s answer as JSON or as an event', async () => {
  state.ready = [503, 503, 200];
  expect(await tried({ waitMs: 5000 })).toBe('2026-11-22T18:31:51Z');
  state.body = `event: message\ndata: ${good}\n\n`;
  expect(await tried()).toBe('2026-11-22T18:31:51Z');
});

test.each([
  ['is never ready', { ready: [503] }, {}, /not ready: 503/],
  ['refuses the token', {}, { token: 'another' }, /answered 401/],
  ['answers 500', { status: 500 }, {}, /answered 500/],
  ['answers an error', { body: '{"error":{"code":-32603}}' }, {}, /gave no result/],
  ['answers something else', { body: '<html>' }, {}, /gave no result/],
  ['is not there', {}, { url: 'http://127.0.0.1:9' }, /not ready: fetch failed/],
])('fails where the server %s', async (_what, server, options, reason) => {
  Object.assign(state, server);
  await expect(tried(options)).rejects.toThrow(reason);
});

test('as a command it takes the token from the environment alone, and exits 0, 1 or 2', async () => {
  const file = new URL('../../tools/smoke.mjs', import.meta.url).pathname;
  const command = (args: string[], token?: string) =>
    new Promise((resolve) => {
      const env = { ...process.env, SMOKE_TOKEN: token };
      execFile(process.execPath, [file, ...args], { env }, (error, stdout, stderr) =>
        resolve([error === null ? 0 : error.code, stdout + stderr]),
      );
    });
  expect(await command([url, '1'], 'the-token')).toEqual([0, expect.stringContaining('ready, and a tool answered')]);
  expect(await command([url, '1'], 'another')).toEqual([1, expect.stringContaining('smoke test failed')]);
  expect(await command([url, '1', 'the-token'])).toEqual([2, expect.stringContaining('Usage')]);
});
