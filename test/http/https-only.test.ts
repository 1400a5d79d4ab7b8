import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attackedEdge, goodToken } from '../security/http-attack.ts';
import type { EdgeStack } from '../support/edge-stack.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';

const date = { name: 'get_current_utc_date', arguments: {} };
let stack: EdgeStack;
beforeAll(async () => {
  stack = await attackedEdge({ env: { HTTPS_REDIRECT: 'true', PUBLIC_URL: 'https://shop.example/base', TRUST_PROXY: '2' } });
});
afterAll(() => stack.close());

const get = (path: string, scheme: string, more: Record<string, string> = {}, method = 'GET') =>
  fetch(stack.url + path, { method, redirect: 'manual', headers: { 'X-Forwarded-Proto': scheme, ...more } });
const call = (token: string, scheme: string) =>
  postLegacy(`${stack.url}/mcp`, 'tools/call', date, { token, headers: { 'X-Forwarded-Proto': scheme } });

describe('what a proxy got by plain HTTP', () => {
  test.each(['GET', 'HEAD'])('%s of a page is sent on to PUBLIC_URL, address and all, without HSTS', async (method) => {
    const response = await get('/.well-known/oauth-protected-resource?a=b', 'http', {}, method);
    expect([response.status, response.headers.get('location')]).toEqual([
      308,
      'https://shop.example/base/.well-known/oauth-protected-resource?a=b',
    ]);
    expect(response.headers.get('strict-transport-security')).toBeNull();
  });

  test('nobody chooses where it is sent', async () => {
    const response = await get('//evil.example/x', 'http', { 'X-Forwarded-Host': 'evil.example' });
    expect(response.headers.get('location')).toBe('https://shop.example/base//evil.example/x');
  });

  test.each(['with a token', 'without one'])('a call %s is refused, not redirected', async (what) => {
    const response = await call(what === 'with a token' ? await goodToken() : '', 'http');
    const { error } = await answerOf(response);
    expect([response.status, error.code, error.data.code]).toEqual([403, -32000, 'forbidden']);
    expect(error.data.hint).toBe('Use https://shop.example/base/mcp. A token that was sent in clear text should be revoked.');
    expect([response.headers.get('location'), response.headers.get('strict-transport-security')]).toEqual([null, null]);
  });

  test.each([{ Authorization: 'Bearer x' }, { Cookie: 'session=x' }])('so is a page with %o', async (headers) => {
    expect((await get('/metrics', 'http', headers)).status).toBe(403);
  });

  test.each(['/health', '/health/live', '/health/ready'])('the probe %s is answered', async (path) => {
    expect((await get(path, 'http')).status).toBe(200);
  });
});

describe('which scheme counts', () => {
  test.each([
    ['https', 200],
    ['HTTPS, http', 200],
    ['http, https', 308],
    ['HTTP', 308],
    ['https, http, https', 308],
    ['http, https, https', 200],
    ['', 200],
  ])('behind two proxies %j is answered %i', async (scheme, status) => {
    expect((await get('/.well-known/oauth-protected-resource', scheme)).status).toBe(status);
  });

  test('by HTTPS a call is served, with HSTS', async () => {
    const response = await call(await goodToken(), 'https');
    expect([response.status, response.headers.get('strict-transport-security')]).toEqual([
      200,
      'max-age=31536000; includeSubDomains',
    ]);
  });
});

test('a foreign Host is refused and not redirected', async () => {
  const response = await get('/', 'http', { Origin: 'https://evil.example' });
  expect(response.status).toBe(403);
});
