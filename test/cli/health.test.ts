import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runVerb } from './command-line.ts';

let status = 200;
const server = createServer((request, response) => {
  response.statusCode = request.url === '/health/ready' ? status : 404;
  response.end(`{"status":"${status === 200 ? 'ready' : 'not ready'}"}`);
});
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test.each(['127.0.0.1', '0.0.0.0'])('health is 0 while the server bound to %s is ready', async (HOST) => {
  status = 200;
  expect(await runVerb(['health'], { HOST, PORT: String(port) })).toEqual({
    code: 0,
    stdout: '',
    stderr: '{"status":"ready"}\n',
  });
});

test('health is 1 while the server is not ready, and --quiet says nothing', async () => {
  status = 503;
  expect(await runVerb(['health'], { PORT: String(port) })).toMatchObject({ code: 1, stderr: '{"status":"not ready"}\n' });
  expect(await runVerb(['health', '--quiet'], { PORT: String(port) })).toEqual({ code: 1, stdout: '', stderr: '' });
});

test('health is 1 where nothing answers, and names the address', async () => {
  const { code, stderr } = await runVerb(['health'], { HOST: '::1', PORT: '9' });
  expect(code).toBe(1);
  expect(stderr).toContain('http://[::1]:9/health/ready does not answer');
});
