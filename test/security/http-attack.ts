import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { expect } from 'vitest';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { directory, keyOf } from '../identity/zava-directory.ts';
import { type EdgeOptions, type EdgeStack, edgeStack } from '../support/edge-stack.ts';
import { rsaPair } from '../support/key-pair.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';
import { answerInWords, recordAnswer } from './record-answer.ts';

const { publicKey, privateKey } = rsaPair();

/** Of a manager of Seattle, good for an hour. */
export function goodToken(subject = 'ann', more: object = {}): Promise<string> {
  return new SignJWT({ roles: ['store_manager'], allowed_stores: [keyOf(1)], ...more })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('zava-auth')
    .setAudience('mcp-server')
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt(Math.floor(Date.now() / 1000) - 5)
    .setExpirationTime('1h')
    .sign(privateKey);
}

/** The edge as it is served on a loopback address, for the page https://console.example and under the name shop.example. */
export async function attackedEdge(options: Pick<EdgeOptions, 'env' | 'limits'> = {}): Promise<EdgeStack> {
  const keys = await createPublicKeySource(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const unlimited = { RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_SQL_PER_MINUTE: '0', RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '0' };
  const names = { ALLOWED_HOSTS: 'shop.example', ALLOWED_ORIGINS: 'https://console.example' };
  const env = { ...unlimited, ...names, ...options.env };
  return edgeStack({ ...options, trusted: { issuer: 'zava-auth', keys }, directory, env });
}

export interface Bytes {
  readonly line?: string;
  /** Lines of the head in place of the honest ones, undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Lines beside them, with every fault that they are meant to have. */
  readonly more?: readonly string[];
  readonly body?: string | Buffer;
}

export const toolCall = (name: string, args: object = {}, id: unknown = 7) =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
export const sqlCall = toolCall('execute_sales_query', { postgresql_query: 'SELECT 1' });

/** An honest call, but for what is said to differ. */
export function bytesOf(token: string, { line = 'POST /mcp HTTP/1.1', headers = {}, more = [], body = sqlCall }: Bytes): Buffer {
  const honest = {
    Host: 'localhost',
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const fields = Object.entries({ ...honest, ...headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const head = Buffer.from(`${[line, ...fields, ...more].join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, Buffer.from(body)]);
}

export interface RawAnswer {
  /** 0: the connection was closed without one. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Everything that came, further answers too. */
  readonly all: string;
}

/** Sends the bytes as they are and takes what comes until the server closes, or until as many answers are whole. */
export function sendBytes(port: number, bytes: Buffer | string, answers = 1): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parseAnswer(Buffer.concat(chunks).toString()));
    };
    const timer = setTimeout(finish, 5000);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const soFar = parseAnswer(Buffer.concat(chunks).toString());
      const length = Number(/^content-length: (\d+)/im.exec(soFar.head)?.[1] ?? Number.NaN);
      const whole = Buffer.byteLength(soFar.body) >= length && /^connection: keep-alive/im.test(soFar.head);
      if (whole && answers === 1) setTimeout(finish, 30);
    });
    socket.on('error', () => {});
    socket.on('close', finish);
  });
}

function parseAnswer(all: string): RawAnswer {
  const end = all.indexOf('\r\n\r\n');
  const head = end < 0 ? all : all.slice(0, end);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(all)?.[1] ?? 0), head, body: end < 0 ? '' : all.slice(end + 4), all };
}

/** Stack traces, places on this machine, software and its version, SQL, secrets, and anything of the token. */
const leaks = [
  /\n\s+at /,
  /node:|node_modules|\/src\/|\.[cm]?[jt]s[:)]/,
  /\/(?:work|root|home|etc|usr)\//,
  /^(?:server|x-powered-by|via):/im,
  /\b(?:SELECT|INSERT|retail\.|pg_\w+|postgres)/,
  /hunter2|password|secret/i,
  /eyJ[\w-]+\./,
];

export function expectNoLeak({ all }: RawAnswer): void {
  for (const leak of leaks) expect(all).not.toMatch(leak);
}

/** One JSON object a line, one line an observation, and no token in any of them. */
export function expectHonestLog(stack: EdgeStack): Record<string, unknown>[] {
  const lines = stack.logLines();
  expect(lines.length).toBe(stack.observations.splice(0).length);
  return lines.map((line) => {
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(line).not.toMatch(/eyJ[\w-]+\./);
    return JSON.parse(line);
  });
}

/** JSON-RPC, as every refusal on /mcp is that came as far as being a request. */
export function expectJsonRpc({ body, head }: RawAnswer): void {
  expect(head).toMatch(/^content-type: application\/json/im);
  const { jsonrpc, error, id } = JSON.parse(body);
  expect({ jsonrpc, id }).toEqual({ jsonrpc: '2.0', id: expect.toSatisfy((it) => it === null || it === 7) });
  expect(error).toEqual({ code: expect.any(Number), message: expect.any(String), data: expect.any(Object) });
  expect(error.data.message).toBe(error.message);
}

export async function expectStillServing(stack: EdgeStack): Promise<void> {
  const response = await postLegacy(
    stack.mcpUrl,
    'tools/call',
    { name: 'get_current_utc_date', arguments: {} },
    { token: await goodToken('an honest caller') },
  );
  const { id, result } = await answerOf(response);
  expect([response.status, id, result.structuredContent.utc]).toEqual([200, 7, expect.stringContaining('T')]);
}

/** Makes the attack and holds the answer against everything that must be so whatever the attack was. */
export async function attack(stack: EdgeStack, bytes: Buffer | string, answers = 1): Promise<RawAnswer> {
  const answer = await sendBytes(stack.port, bytes, answers);
  recordAnswer(answer.status === 0 ? 'connection closed' : answerInWords(answer.status, answer.body));
  const reached = stack.queries.splice(0);
  if (answer.status !== 200) {
    expectNoLeak(answer);
    expect(reached).toEqual([]);
  }
  expectHonestLog(stack);
  await expectStillServing(stack);
  expectHonestLog(stack);
  return answer;
}
