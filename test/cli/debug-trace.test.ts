import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newFolder, removeFolder } from '../e2e/product.ts';
import { runVerb } from './command-line.ts';

const report = {
  request_id: 'r-1',
  started_at: '2026-11-26T00:00:00.000Z',
  spans: { name: 'POST /mcp', ms: 12, children: [{ name: 'SELECT zava', ms: 10, rows: 2, children: [] }] },
  hints: ['2 statements for one request'],
};
let answer: { status: number; body: object } = { status: 200, body: report };
const asked: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
const server = createServer(({ url, headers }, response) => {
  asked.push({ url, headers });
  response.writeHead(answer.status).end(JSON.stringify(answer.body));
});
let env: Record<string, string> = {};

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { PORT: String((server.address() as AddressInfo).port), DATA_DIR: await newFolder() };
});
beforeEach(() => {
  asked.length = 0;
  answer = { status: 200, body: report };
});
afterAll(async () => {
  server.close();
  await removeFolder(env.DATA_DIR ?? '');
});

test('a trace is told as a tree with its hints, or as JSON', async () => {
  const tree = await runVerb(['debug', 'trace', 'r-1'], { ...env, OPERATOR_TOKEN: 'a-token' });
  expect(tree).toEqual({
    code: 0,
    stdout:
      'request r-1, 2026-11-26T00:00:00.000Z\nPOST /mcp  12 ms\n  SELECT zava  10 ms, 2 rows\nhint: 2 statements for one request\n',
    stderr: '',
  });
  expect(asked).toMatchObject([{ url: '/debug/trace?id=r-1', headers: { authorization: 'Bearer a-token' } }]);
  const json = await runVerb(['debug', 'trace', 'r-1', '--json'], { ...env, OPERATOR_TOKEN: 'a-token' });
  expect(JSON.parse(json.stdout)).toEqual(report);
});

test('with the development issuer it makes a token of its own', async () => {
  expect((await runVerb(['debug', 'trace', 'r 1'], env)).code).toBe(0);
  expect(asked).toMatchObject([
    { url: '/debug/trace?id=r%201', headers: { authorization: expect.stringMatching(/^Bearer eyJ/) } },
  ]);
});

test('without a token it says what to set', async () => {
  const { code, stderr } = await runVerb(['debug', 'trace', 'r-1'], { ...env, DEV_ISSUER: 'false' });
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringContaining('needs OPERATOR_TOKEN') });
});

test('what the server refuses is told, and so is one that does not answer', async () => {
  answer = { status: 404, body: { code: 'not_found', message: 'No trace of r-1 is kept', hint: 'The last 1,000 are.' } };
  expect(await runVerb(['debug', 'trace', 'r-1'], env)).toMatchObject({
    code: 1,
    stderr: 'No trace of r-1 is kept\nThe last 1,000 are.\n',
  });
  const { code, stderr } = await runVerb(['debug', 'trace', 'r-1'], { ...env, PORT: '9' });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('http://127.0.0.1:9 does not answer') });
});
