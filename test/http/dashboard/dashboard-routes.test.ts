import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DashboardStack, dashboardStack } from '../../support/dashboard-stack.ts';
import { productStack } from '../../support/edge-stack.ts';
import type { PersonName } from '../../support/people.ts';

const operations = ['overview', 'performance', 'alerts', 'diagnostics'];

describe('The dashboard over HTTP', () => {
  let stack: DashboardStack;
  beforeAll(async () => {
    stack = await dashboardStack();
  });
  beforeEach(() => {
    stack.product.observations.length = 0;
  });
  afterAll(() => stack?.close());

  /** What happened, without the measures of it. */
  const events = () =>
    stack.product.observations.filter(({ kind }) => /^(session_|tool_called$|request_refused$|access_refused$)/.test(kind));

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
        Promise.all(paths.map(async (path) => (await stack.client.ask(path, headers)).status));
      expect(await statuses(name === 'nobody' ? {} : await stack.client.bearer(name))).toEqual(wanted);
      if (name === 'nobody') return;
      const login = await stack.client.logIn(await stack.issuer.tokenOf(name));
      expect(login.status).toBe(page);
      if (page === 200) expect(await statuses({ Cookie: stack.client.cookieOf(login) })).toEqual(wanted);
    },
  );

  test.each([
    ['seattle', [1]],
    ['tacoma', [3]],
    ['pugetSound', [1, 2, 6, 7]],
    ['headOffice', [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const)('the sales page of %s has the rows of stores %j, and of no other', async (name, stores) => {
    const { dashboard } = await stack.client.bodyOf(
      await stack.client.ask('/dashboard/business?period=2025', { Cookie: await stack.client.cookieFor(name) }),
    );
    const truth = await stack.db.admin.query(
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
    const headers = { Cookie: await stack.client.cookieFor('seattle') };
    const foreign = await stack.client.ask('/dashboard/business?store=Bellevue', headers);
    expect([foreign.status, (await stack.client.bodyOf(foreign)).code]).toEqual([404, 'not_found']);
    const unknown = await stack.client.ask('/dashboard/business?password=x', headers);
    expect([unknown.status, (await stack.client.bodyOf(unknown)).code]).toEqual([400, 'invalid_input']);
    const swallowed = await stack.client.ask('/dashboard/business?__proto__=x', headers);
    expect([swallowed.status, (await stack.client.bodyOf(swallowed)).code]).toEqual([400, 'invalid_input']);
    const period = await stack.client.ask('/dashboard/business?period=2025-Q4&category=HAND%20TOOLS', headers);
    expect((await stack.client.bodyOf(period)).dashboard.period).toEqual({ start_date: '2025-10-01', end_date: '2025-12-31' });
  });

  test('behind TLS the cookie is tied to this host and to TLS', async () => {
    const secure = await productStack({
      db: stack.db,
      trusted: stack.issuer.trusted,
      env: { PUBLIC_URL: 'https://shop.example', ALLOWED_HOSTS: '127.0.0.1' },
    });
    const response = await fetch(`${secure.url}/dashboard/session`, {
      method: 'POST',
      headers: { Origin: 'https://shop.example', 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: await stack.issuer.tokenOf('seattle') }),
    });
    await secure.close();
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-dashboard=v1\..*; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
  });

  test('a logout takes the cookie back', async () => {
    const response = await stack.client.ask(
      '/dashboard/session',
      { ...stack.client.ownPage(), Cookie: await stack.client.cookieFor('seattle') },
      { method: 'DELETE' },
    );
    expect([response.status, response.headers.getSetCookie()]).toEqual([
      204,
      ['dashboard=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict'],
    ]);
  });

  test('a session is noted as it begins and as it ends, and a forged cookie ends nobody’s', async () => {
    const own = stack.client.ownPage();
    const Cookie = await stack.client.cookieFor('seattle');
    await stack.client.ask('/dashboard/session', { ...own, Cookie: 'dashboard=forged' }, { method: 'DELETE' });
    await stack.client.ask('/dashboard/session', { ...own, Cookie }, { method: 'DELETE' });
    expect(events()).toEqual([
      expect.objectContaining({ kind: 'session_opened', subject: 'seattle', tenantIds: [1], peer: '127.0.0.1' }),
      expect.objectContaining({ kind: 'session_closed', subject: 'seattle', peer: '127.0.0.1' }),
    ]);
  });

  test('a report that cannot be made is a call that failed', async () => {
    await stack.client.ask('/dashboard/performance?hours=soon', await stack.client.bearer('headOffice'));
    expect(events()[0]).toMatchObject({
      ...{ kind: 'tool_called', tool: 'dashboard_performance', subject: 'headOffice' },
      ...{ outcome: 'failed', code: 'invalid_input' },
    });
  });

  test('every call and every refusal is noted once, with who asked', async () => {
    await stack.client.ask('/dashboard/overview', await stack.client.bearer('headOffice'));
    await stack.client.ask('/dashboard/overview', await stack.client.bearer('seattle'));
    await stack.client.ask('/dashboard/business', await stack.client.bearer('seattle'));
    await stack.client.ask('/dashboard/business', { Cookie: 'dashboard=forged' });
    await stack.client.ask('/dashboard/business');
    const told = events().map(({ kind, ...rest }) => {
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
    expect((await stack.client.ask('/dashboard/business')).headers.get('www-authenticate')).toMatch(
      /^Bearer resource_metadata="/,
    );
    const refused = await stack.client.ask('/dashboard/overview', await stack.client.bearer('seattle'));
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", .*scope="ops:read"$/);
  });

  test('foreign hosts and other methods are turned away before anything else', async () => {
    expect((await stack.client.ask('/dashboard', { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await stack.client.ask('/dashboard/session')).status).toBe(405);
    expect((await stack.client.ask('/dashboard/business', {}, { method: 'POST' })).status).toBe(405);
    expect((await stack.client.ask('/dashboard/')).status).toBe(404);
  });

  test('calls of the dashboard are counted with all others, and failed logins against their address', async () => {
    const limited = await productStack({
      db: stack.db,
      trusted: stack.issuer.trusted,
      env: { RATE_LIMIT_PER_MINUTE: '2', RATE_LIMIT_BURST: '2', RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '2' },
    });
    const get = async (headers: Record<string, string>) => (await fetch(`${limited.url}/dashboard/overview`, { headers })).status;
    const token = await stack.client.bearer('operator');
    const sixTimes = await Promise.all(Array.from({ length: 12 }, () => get(token)));
    expect(new Set(sixTimes)).toEqual(new Set([200, 429]));
    const forged = [];
    for (let attempt = 0; attempt < 6; attempt += 1) forged.push(await get({ Cookie: 'dashboard=forged' }));
    expect(forged.at(-1)).toBe(429);
    await limited.close();
  });

  test('operators are told what this process knows, and what it does not', async () => {
    const headers = await stack.client.bearer('operator');
    const of = async (path: string) => stack.client.bodyOf(await stack.client.ask(`/dashboard/${path}`, headers));
    const titles = ({ sections }: { sections: { title: string }[] }) => sections.map(({ title }) => title);
    const overview = await of('overview');
    expect(overview.sections[0].rows).toEqual(
      expect.arrayContaining([
        ['database', 'healthy'],
        ['circuit breaker: database', 'closed'],
      ]),
    );
    expect(titles(await of('performance?hours=24'))).toEqual(['Calls of the last hour', 'Calls by hour', 'Slow queries']);
    expect((await of('alerts')).sections[0].note).toMatch(/No rules are evaluated in this process/);
    expect(titles(await of('diagnostics'))).toEqual(['Process', 'Refused requests', 'Refused at the door']);
    for (const hours of ['0', '25', 'x', '1.5']) {
      expect((await stack.client.ask(`/dashboard/performance?hours=${hours}`, headers)).status).toBe(400);
    }
  });
});
