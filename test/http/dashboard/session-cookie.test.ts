import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createSessionCookie } from '../../../src/http/dashboard/session-cookie.ts';
import { createEnvelope } from '../../../src/vault/envelope.ts';
import { createKeyRing, newEncryptionKey } from '../../../src/vault/key-ring.ts';

const nowMs = Date.UTC(2026, 10, 22);
const key = newEncryptionKey('one');
const session = (keys = [key], resource = 'http://shop/mcp') =>
  createSessionCookie({ envelope: createEnvelope(() => createKeyRing(keys)), resource, tls: false });
const token = (exp: number, filling = '') =>
  `e30.${Buffer.from(JSON.stringify({ exp, filling })).toString('base64url')}.c2lnbmF0dXJl`;
const sent = (cookie?: string) => ({ headers: { cookie } }) as IncomingMessage;
const issued = (of: ReturnType<typeof session>, text: string) => of.issue(text, nowMs).split(';')[0] ?? '';

test('lasts as long as its token, and not a second longer', () => {
  expect(session().issue(token(nowMs / 1000 + 90), nowMs)).toContain('; Max-Age=90;');
  expect(session().issue(token(nowMs / 1000 - 30), nowMs)).toContain('; Max-Age=0;');
});

test('opens among other cookies, and under a key that was rotated since', () => {
  const good = token(nowMs / 1000 + 90);
  const cookie = issued(session(), good);
  expect(session().tokenIn(sent(`theme=dark; ${cookie}; dashboards=no`))).toBe(good);
  expect(session([newEncryptionKey('two'), key]).tokenIn(sent(cookie))).toBe(good);
  expect(session([newEncryptionKey('two')]).tokenIn(sent(cookie))).toBe('');
  expect(session([key], 'http://other/mcp').tokenIn(sent(cookie))).toBe('');
});

test('is none where there is none', () => {
  expect(session().tokenIn(sent())).toBeUndefined();
  expect(session().tokenIn(sent('theme=dark; dashboard2=x'))).toBeUndefined();
});

test('is refused for a token that no browser would keep, with the way out', () => {
  const random = Array.from({ length: 3000 }, (_, index) => String.fromCharCode(97 + ((index * 7) % 26))).join('');
  expect(() => session().issue(token(nowMs / 1000 + 90, random), nowMs)).toThrow(
    expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('fewer claims') }),
  );
  expect(issued(session(), token(nowMs / 1000 + 90, random.slice(0, 2000))).length).toBeLessThan(4096);
});
