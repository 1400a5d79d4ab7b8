import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createDatabaseRevocation } from '../../src/identity/database-revocation.ts';
import { createEnvelope } from '../../src/vault/envelope.ts';
import { keyOf } from '../identity/zava-directory.ts';
import { type DashboardStack, dashboardStack } from '../support/dashboard-stack.ts';
import { testRing } from '../support/edge-stack.ts';
import { answerInWords, recordAnswer } from './record-answer.ts';

describe('Attacks on the session of the dashboard', () => {
  let stack: DashboardStack;
  beforeAll(async () => {
    stack = await dashboardStack();
  });
  beforeEach(() => {
    stack.product.observations.length = 0;
  });
  afterAll(() => stack?.close());

  test('the cookie is kept from scripts, other sites and time', async () => {
    const token = await stack.issuer.tokenOf('seattle', { lifetime: '10 minutes' });
    const [cookie = ''] = (await stack.client.logIn(token)).headers.getSetCookie();
    expect(cookie).toMatch(/^dashboard=v1\.[^;]+; Max-Age=(59\d|600); Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token.split('.')[1]);
  });

  test.each<[string, Record<string, string>]>([
    ['another origin', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['another port of this machine', { Origin: 'http://127.0.0.1:1', 'Sec-Fetch-Site': 'same-site' }],
    ['a sister domain', { Origin: '', 'Sec-Fetch-Site': 'same-site' }],
    ['a sandboxed frame', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
    ['a form without an origin', {}],
  ])('a login and a logout forged by %s change nothing', async (_who, sent) => {
    const { Origin, ...rest } = sent;
    const headers = { 'Content-Type': 'application/json', ...rest, ...(Origin && { Origin }) };
    const cookie = { Cookie: await stack.client.cookieFor('seattle') };
    for (const response of [
      await stack.client.logIn(await stack.issuer.tokenOf('tacoma'), headers),
      await stack.client.ask('/dashboard/session', { ...headers, ...cookie }, { method: 'DELETE' }),
    ]) {
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
      recordAnswer('403, no cookie');
    }
    expect((await stack.client.ask('/dashboard/business', cookie)).status).toBe(200);
  });

  test('a form of another site cannot even send a body that counts', async () => {
    const headers = { ...stack.client.ownPage(), 'Content-Type': 'text/plain' };
    const response = await stack.client.logIn(await stack.issuer.tokenOf('seattle'), headers);
    expect([response.status, response.headers.getSetCookie()]).toEqual([415, []]);
    recordAnswer('415, no cookie');
  });

  test.each(['cross-site', 'same-site'])('with the cookie, a %s page can have nothing read', async (site) => {
    const cookie = { Cookie: await stack.client.cookieFor('seattle') };
    const response = await stack.client.ask('/dashboard/business', { ...cookie, 'Sec-Fetch-Site': site });
    expect([response.status, (await stack.client.bodyOf(response)).code]).toEqual([403, 'forbidden']);
    expect((await stack.client.ask('/dashboard/business', { ...cookie, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
  });

  test('a stolen cookie is worth nothing once its token is revoked', async () => {
    const jti = randomUUID();
    const cookie = { Cookie: await stack.client.cookieFor('seattle', { jti }) };
    expect((await stack.client.ask('/dashboard/business', cookie)).status).toBe(200);
    await createDatabaseRevocation({ database: stack.db.database, clock: systemClock }).add({
      ...{ by: 'jti', value: jti, reason: 'stolen', revokedAt: Date.now(), expiresAt: Date.now() + 7_200_000 },
    });
    await expect.poll(async () => (await stack.client.ask('/dashboard/business', cookie)).status, { timeout: 8000 }).toBe(401);
    expect((await stack.client.ask('/dashboard', cookie)).status).toBe(401);
    recordAnswer('401');
  });

  test('a cookie that was tampered with, cut, doubled or made elsewhere is a bad token', async () => {
    const good = await stack.client.cookieFor('seattle');
    const [name, value = ''] = good.split('=');
    const parts = value.split('.');
    const flipped = [...parts];
    flipped[3] = `${parts[3]?.slice(0, -1)}${parts[3]?.endsWith('A') ? 'B' : 'A'}`;
    const envelope = createEnvelope(() => testRing);
    const token = await stack.issuer.tokenOf('headOffice');
    const sealedFor = (purpose: string, tenant: string) => `${name}=${envelope.seal(token, { purpose, tenant })}`;
    const forged = {
      flipped: `${name}=${flipped.join('.')}`,
      cut: good.slice(0, -4),
      doubled: `${good}; ${await stack.client.cookieFor('tacoma')}`,
      'the token itself': `${name}=${token}`,
      'sealed for another purpose': sealedFor('cache', stack.product.mcpUrl),
      'of another server': sealedFor('dashboard session', 'https://other.example/mcp'),
      empty: `${name}=`,
    };
    for (const [what, cookie] of Object.entries(forged)) {
      const response = await stack.client.ask('/dashboard/business', { Cookie: cookie });
      expect([what, response.status, (await stack.client.bodyOf(response)).code]).toEqual([what, 401, 'unauthenticated']);
      recordAnswer('401 unauthenticated');
    }
    expect((await stack.client.ask('/dashboard/business', { Cookie: good })).status).toBe(200);
  });

  test('what a browser brings along to its login does not become its session', async () => {
    const planted = await stack.client.cookieFor('tacoma');
    const login = await stack.client.logIn(await stack.issuer.tokenOf('seattle'), { ...stack.client.ownPage(), Cookie: planted });
    expect(stack.client.cookieOf(login)).not.toBe(planted);
    const { dashboard } = await stack.client.bodyOf(
      await stack.client.ask('/dashboard/business', { Cookie: stack.client.cookieOf(login) }),
    );
    expect(dashboard.scope).toEqual(['Zava Retail Seattle']);
    const again = await stack.client.cookieFor('seattle');
    expect(again).not.toBe(stack.client.cookieOf(login));
  });

  test('a session narrows like a token, and never widens', async () => {
    const cookie = { Cookie: await stack.client.cookieFor('pugetSound') };
    const own = await stack.client.bodyOf(
      await stack.client.ask('/dashboard/business', { ...cookie, 'x-rls-user-id': keyOf(1) }),
    );
    expect(own.dashboard.scope).toEqual(['Zava Retail Seattle']);
    expect((await stack.client.ask('/dashboard/business', { ...cookie, 'x-rls-user-id': keyOf(3) })).status).toBe(403);
    recordAnswer('403');
  });

  test.each(['not a token', '', 7, null, 'a'.repeat(9000)])('a login with %j is refused', async (token) => {
    const response = await stack.client.logIn(token);
    expect([400, 401]).toContain(response.status);
    recordAnswer(answerInWords(response.status, await response.text()));
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(JSON.stringify(stack.product.observations)).not.toContain('aaaaaaaa');
  });

  test('a token in the address is refused, whatever else is sent', async () => {
    expect((await stack.client.ask(`/dashboard?token=${await stack.issuer.tokenOf('seattle')}`)).status).toBe(401);
  });

  test('pages cannot be framed, cached, or run a script that is not theirs', async () => {
    const { Cookie } = { Cookie: await stack.client.cookieFor('seattle') };
    for (const response of [await stack.client.ask('/dashboard'), await stack.client.ask('/dashboard', { Cookie })]) {
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(
        /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      );
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(await response.text()).not.toMatch(/ on\w+="| style="|javascript:|Zava Retail/);
    }
    const business = await stack.client.ask('/dashboard/business', { Cookie });
    expect([business.headers.get('cache-control'), business.headers.get('content-type')]).toEqual([
      'no-store',
      'application/json',
    ]);
    expect(business.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  });
});
