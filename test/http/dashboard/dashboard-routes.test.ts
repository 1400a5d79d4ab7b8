import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { createDatabaseRevocation } from '../../../src/identity/database-revocation.ts';
import { createEnvelope } from '../../../src/vault/envelope.ts';
import { keyOf } from '../../identity/zava-directory.ts';
import { type TestDatabase, tiers } from '../../support/databases.ts';
import { type ProductStack, productStack, testRing } from '../../support/edge-stack.ts';
import { type PersonName, testIssuer } from '../../support/people.ts';

const operations = ['overview', 'performance', 'alerts', 'diagnostics'];

describe('The dashboard over HTTP', () => {
  let db: TestDatabase;
  let product: ProductStack;
  let issuer: Awaited<ReturnType<typeof testIssuer>>;
  beforeAll(async () => {
    const [tier] = tiers;
    db = await tier!.open();
    issuer = await testIssuer();
    product = await productStack({ db, trusted: issuer.trusted });
  });
  beforeEach(() => {
    product.observations.length = 0;
  });
  afterAll(async () => {
    await product?.close();
    await db?.close();
  });

  const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    fetch(product.url + path, { ...init, headers, redirect: 'manual' });
  const bearer = async (name: PersonName) => ({ Authorization: `Bearer ${await issuer.tokenOf(name)}` });
  const ownPage = () => ({ Origin: product.url, 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' });
  const logIn = (token: unknown, headers: Record<string, string> = ownPage()) =>
    ask('/dashboard/session', headers, { method: 'POST', body: JSON.stringify({ token }) });
  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const cookieFor = async (name: PersonName, more: Parameters<typeof issuer.tokenOf>[1] = {}) =>
    cookieOf(await logIn(await issuer.tokenOf(name, more)));
  // biome-ignore lint/suspicious/noExplicitAny: answers of every view
  const bodyOf = async (response: Response): Promise<any> => JSON.parse(await response.text());

  const paths = ['/dashboard', '/dashboard/business', ...operations.map((name) => `/dashboard/${name}`)];
  const expected: [PersonName | 'nobody', number, number, number][] = [
    ['nobody', 401, 401, 401],
    ['seattle', 200, 200, 403],
    ['pugetSound', 200, 200, 403],
    ['headOffice', 200, 200, 200],
    ['operator', 200, 403, 200],
    ['catalogue', 403, 403, 403],
    ['nowhere', 200, 403, 403],
  ];
  test.each(expected)(
    '%s gets the page %i, sales %i, operations %i, by token and by cookie',
    async (name, page, sales, operation) => {
      const wanted = [page, sales, ...operations.map(() => operation)];
      const statuses = async (headers: Record<string, string>) =>
        Promise.all(paths.map(async (path) => (await ask(path, headers)).status));
      expect(await statuses(name === 'nobody' ? {} : await bearer(name))).toEqual(wanted);
      if (name === 'nobody') return;
      const login = await logIn(await issuer.tokenOf(name));
      expect(login.status).toBe(page);
      if (page === 200) expect(await statuses({ Cookie: cookieOf(login) })).toEqual(wanted);
    },
  );

  test.each([
    ['seattle', [1]],
    ['tacoma', [3]],
    ['pugetSound', [1, 2, 6, 7]],
    ['headOffice', [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const)('the sales page of %s has the rows of stores %j, and of no other', async (name, stores) => {
    const { dashboard } = await bodyOf(await ask('/dashboard/business?period=2025', { Cookie: await cookieFor(name) }));
    const truth = await db.admin.query(
      `SELECT s.store_name, sum(i.total_amount)::text AS revenue FROM retail.orders o JOIN retail.order_items i USING (order_id, store_id)
       JOIN retail.stores s ON s.store_id = o.store_id
       WHERE o.store_id = ANY ($1::int[]) AND o.order_date BETWEEN '2025-01-01' AND '2025-12-31' GROUP BY 1 ORDER BY sum(i.total_amount) DESC`,
      [`{${stores.join()}}`],
    );
    expect(dashboard.panels[1].rows.map(([store, revenue]: [string, number]) => [store, revenue])).toEqual(
      truth.map(({ store_name, revenue }) => [store_name, Number(revenue)]),
    );
    expect(dashboard.filters[0].options).toHaveLength(stores.length);
  });

  test('a filter outside one’s own stores finds nothing, and an unknown one is refused', async () => {
    const headers = { Cookie: await cookieFor('seattle') };
    const foreign = await ask('/dashboard/business?store=Bellevue', headers);
    expect([foreign.status, (await bodyOf(foreign)).code]).toEqual([404, 'not_found']);
    const unknown = await ask('/dashboard/business?password=x', headers);
    expect([unknown.status, (await bodyOf(unknown)).code]).toEqual([400, 'invalid_input']);
    const period = await ask('/dashboard/business?period=2025-Q4&category=HAND%20TOOLS', headers);
    expect((await bodyOf(period)).dashboard.period).toEqual({ start_date: '2025-10-01', end_date: '2025-12-31' });
  });

  test('the cookie is kept from scripts, other sites and time', async () => {
    const token = await issuer.tokenOf('seattle', { lifetime: '10 minutes' });
    const [cookie = ''] = (await logIn(token)).headers.getSetCookie();
    expect(cookie).toMatch(/^dashboard=v1\.[^;]+; Max-Age=(59\d|600); Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token.split('.')[1]);
  });

  test('behind TLS the cookie is tied to this host and to TLS', async () => {
    const secure = await productStack({
      db,
      trusted: issuer.trusted,
      env: { PUBLIC_URL: 'https://shop.example', ALLOWED_HOSTS: '127.0.0.1', ALLOWED_ORIGINS: 'https://shop.example' },
    });
    const response = await fetch(`${secure.url}/dashboard/session`, {
      method: 'POST',
      headers: { Origin: 'https://shop.example', 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: await issuer.tokenOf('seattle') }),
    });
    await secure.close();
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-dashboard=v1\..*; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
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
    const cookie = { Cookie: await cookieFor('seattle') };
    for (const response of [
      await logIn(await issuer.tokenOf('tacoma'), headers),
      await ask('/dashboard/session', { ...headers, ...cookie }, { method: 'DELETE' }),
    ]) {
      expect([response.status, response.headers.getSetCookie()]).toEqual([403, []]);
    }
    expect((await ask('/dashboard/business', cookie)).status).toBe(200);
  });

  test('a form of another site cannot even send a body that counts', async () => {
    const headers = { ...ownPage(), 'Content-Type': 'text/plain' };
    const response = await logIn(await issuer.tokenOf('seattle'), headers);
    expect([response.status, response.headers.getSetCookie()]).toEqual([415, []]);
  });

  test.each(['cross-site', 'same-site'])('with the cookie, a %s page can have nothing read', async (site) => {
    const cookie = { Cookie: await cookieFor('seattle') };
    const response = await ask('/dashboard/business', { ...cookie, 'Sec-Fetch-Site': site });
    expect([response.status, (await bodyOf(response)).code]).toEqual([403, 'forbidden']);
    expect((await ask('/dashboard/business', { ...cookie, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
  });

  test('a stolen cookie is worth nothing once its token is revoked', async () => {
    const jti = randomUUID();
    const cookie = { Cookie: await cookieFor('seattle', { jti }) };
    expect((await ask('/dashboard/business', cookie)).status).toBe(200);
    await createDatabaseRevocation({ database: db.database, clock: systemClock }).add({
      ...{ by: 'jti', value: jti, reason: 'stolen', revokedAt: Date.now(), expiresAt: Date.now() + 7_200_000 },
    });
    await expect.poll(async () => (await ask('/dashboard/business', cookie)).status, { timeout: 8000 }).toBe(401);
    expect((await ask('/dashboard', cookie)).status).toBe(401);
  });

  test('a cookie that was tampered with, cut, doubled or made elsewhere is a bad token', async () => {
    const good = await cookieFor('seattle');
    const [name, value = ''] = good.split('=');
    const parts = value.split('.');
    const flipped = [...parts];
    flipped[3] = `${parts[3]?.slice(0, -1)}${parts[3]?.endsWith('A') ? 'B' : 'A'}`;
    const envelope = createEnvelope(() => testRing);
    const token = await issuer.tokenOf('headOffice');
    const sealedFor = (purpose: string, tenant: string) => `${name}=${envelope.seal(token, { purpose, tenant })}`;
    const forged = {
      flipped: `${name}=${flipped.join('.')}`,
      cut: good.slice(0, -4),
      doubled: `${good}; ${await cookieFor('tacoma')}`,
      'the token itself': `${name}=${token}`,
      'sealed for another purpose': sealedFor('cache', product.mcpUrl),
      'of another server': sealedFor('dashboard session', 'https://other.example/mcp'),
      empty: `${name}=`,
    };
    for (const [what, cookie] of Object.entries(forged)) {
      const response = await ask('/dashboard/business', { Cookie: cookie });
      expect([what, response.status, (await bodyOf(response)).code]).toEqual([what, 401, 'unauthenticated']);
    }
    expect((await ask('/dashboard/business', { Cookie: good })).status).toBe(200);
  });

  test('what a browser brings along to its login does not become its session', async () => {
    const planted = await cookieFor('tacoma');
    const login = await logIn(await issuer.tokenOf('seattle'), { ...ownPage(), Cookie: planted });
    expect(cookieOf(login)).not.toBe(planted);
    const { dashboard } = await bodyOf(await ask('/dashboard/business', { Cookie: cookieOf(login) }));
    expect(dashboard.scope).toEqual(['Zava Retail Seattle']);
    const again = await cookieFor('seattle');
    expect(again).not.toBe(cookieOf(login));
  });

  test('a session narrows like a token, and never widens', async () => {
    const cookie = { Cookie: await cookieFor('pugetSound') };
    const own = await bodyOf(await ask('/dashboard/business', { ...cookie, 'x-rls-user-id': keyOf(1) }));
    expect(own.dashboard.scope).toEqual(['Zava Retail Seattle']);
    expect((await ask('/dashboard/business', { ...cookie, 'x-rls-user-id': keyOf(3) })).status).toBe(403);
  });

  test('a logout takes the cookie back', async () => {
    const response = await ask('/dashboard/session', { ...ownPage(), Cookie: await cookieFor('seattle') }, { method: 'DELETE' });
    expect([response.status, response.headers.getSetCookie()]).toEqual([
      204,
      ['dashboard=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict'],
    ]);
  });

  test.each(['not a token', '', 7, null, 'a'.repeat(9000)])('a login with %j is refused', async (token) => {
    const response = await logIn(token);
    expect([400, 401]).toContain(response.status);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(JSON.stringify(product.observations)).not.toContain('aaaaaaaa');
  });

  test('a token in the address is refused, whatever else is sent', async () => {
    expect((await ask(`/dashboard?token=${await issuer.tokenOf('seattle')}`)).status).toBe(401);
  });

  test('pages cannot be framed, cached, or run a script that is not theirs', async () => {
    const { Cookie } = { Cookie: await cookieFor('seattle') };
    for (const response of [await ask('/dashboard'), await ask('/dashboard', { Cookie })]) {
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
    const business = await ask('/dashboard/business', { Cookie });
    expect([business.headers.get('cache-control'), business.headers.get('content-type')]).toEqual([
      'no-store',
      'application/json',
    ]);
    expect(business.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  test('every call and every refusal is noted once, with who asked', async () => {
    await ask('/dashboard/overview', await bearer('headOffice'));
    await ask('/dashboard/overview', await bearer('seattle'));
    await ask('/dashboard/business', await bearer('seattle'));
    await ask('/dashboard/business', { Cookie: 'dashboard=forged' });
    await ask('/dashboard/business');
    const told = product.observations.map(({ kind, ...rest }) => {
      const { tool, code, subject, noted } = rest as Record<string, unknown>;
      return [kind, tool ?? code, subject ?? '', ...(noted ? ['noted'] : [])];
    });
    expect(told).toEqual([
      ['tool_called', 'dashboard_overview', 'headOffice'],
      ['request_refused', 'insufficient_scope', 'seattle'],
      ['tool_called', 'read_sales_dashboard', 'seattle'],
      ['access_refused', 'unauthenticated', ''],
      ['request_refused', 'unauthenticated', '', 'noted'],
      ['request_refused', 'unauthenticated', ''],
    ]);
  });

  test('refusals name the way to a token, and the permission that is missing', async () => {
    expect((await ask('/dashboard/business')).headers.get('www-authenticate')).toMatch(/^Bearer resource_metadata="/);
    const refused = await ask('/dashboard/overview', await bearer('seattle'));
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", .*scope="ops:read"$/);
  });

  test('foreign hosts and other methods are turned away before anything else', async () => {
    expect((await ask('/dashboard', { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask('/dashboard/session')).status).toBe(405);
    expect((await ask('/dashboard/business', {}, { method: 'POST' })).status).toBe(405);
    expect((await ask('/dashboard/')).status).toBe(404);
  });

  test('calls of the dashboard are counted with all others, and failed logins against their address', async () => {
    const limited = await productStack({
      db,
      trusted: issuer.trusted,
      env: { RATE_LIMIT_PER_MINUTE: '2', RATE_LIMIT_BURST: '2', RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '2' },
    });
    const get = async (headers: Record<string, string>) => (await fetch(`${limited.url}/dashboard/overview`, { headers })).status;
    const token = await bearer('operator');
    const sixTimes = await Promise.all(Array.from({ length: 12 }, () => get(token)));
    expect(new Set(sixTimes)).toEqual(new Set([200, 429]));
    const forged = [];
    for (let attempt = 0; attempt < 6; attempt += 1) forged.push(await get({ Cookie: 'dashboard=forged' }));
    expect(forged.at(-1)).toBe(429);
    await limited.close();
  });

  test('operators are told what this process knows, and what it does not', async () => {
    const headers = await bearer('operator');
    const of = async (path: string) => bodyOf(await ask(`/dashboard/${path}`, headers));
    const titles = ({ sections }: { sections: { title: string }[] }) => sections.map(({ title }) => title);
    const overview = await of('overview');
    expect(overview.sections[0].rows).toEqual(
      expect.arrayContaining([
        ['database', 'healthy'],
        ['circuit breaker: database', 'closed'],
      ]),
    );
    expect(titles(await of('performance?hours=24'))).toEqual(['Calls of the last hour', 'Calls by hour', 'Slow queries']);
    expect((await of('alerts')).sections[0].note).toMatch(/not part of this release yet/);
    expect(titles(await of('diagnostics'))).toEqual(['Process', 'Refused requests', 'Refused at the door']);
    for (const hours of ['0', '25', 'x', '1.5']) {
      expect((await ask(`/dashboard/performance?hours=${hours}`, headers)).status).toBe(400);
    }
  });
});
