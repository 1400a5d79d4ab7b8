import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { type Installation, keepsToTheWire, tellsEachCallerTheirOwn } from './journeys.ts';
import { runProduct, type Served, serveHttp, startProduct } from './product.ts';
import { type RealInstallation, realInstallation, realServer } from './real-installation.ts';

describe.skipIf(realServer === undefined)('the server on a real PostgreSQL 17 that its command line has set up', () => {
  let own: RealInstallation;
  let admin: OwnerSession;
  let served: Served;

  beforeAll(async () => {
    own = await realInstallation('zavae2e');
    for (const args of [['bootstrap', '--admin-url', own.adminUrl], ['migrate'], ['seed', '--scale', '300']]) {
      const { code, stderr } = await runProduct(args, own.env);
      expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: expect.any(String) });
    }
    admin = await own.admin();
    served = await serveHttp(own.env);
  }, 120_000);

  afterAll(async () => {
    const ended = await served?.stop('SIGTERM');
    await admin?.close();
    await own?.drop();
    expect(ended).toEqual({ code: 0, signal: null });
  }, 60_000);

  const installation = (): Installation => ({ served, truth: (sql) => admin.query(sql) });
  tellsEachCallerTheirOwn(installation);
  keepsToTheWire(installation);

  test('an interrupted seed changes nothing', async () => {
    const digest = 'SELECT count(*)::text AS rows, sum(total_amount)::text AS revenue FROM retail.orders';
    const before = await admin.query(digest);
    const seeding = startProduct(['seed', '--force', '--scale', '5000', '--batch-size', '500'], own.env);
    await seeding.told(/^products: 419$/m);
    expect(await seeding.stop('SIGINT')).toEqual({ code: 1, signal: null });
    expect(seeding.stderr()).toContain('Stopped by SIGINT: what was not finished has been undone');
    expect(await admin.query(digest)).toEqual(before);
  }, 60_000);

  test('stdio must be told whose eyes it has, and then answers', async () => {
    const nobody = await runProduct([], own.env);
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toMatch(/must be told whose eyes it has\nAdd --role super_admin or .*--role store_manager --store/);

    const product = startProduct(['--role', 'store_manager', '--store', 'Redmond'], own.env);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    const question = {
      name: 'execute_sales_query',
      arguments: { postgresql_query: 'SELECT count(DISTINCT store_id) FROM orders' },
    };
    const lines = [
      { id: 0, method: 'initialize', params },
      { id: 1, method: 'tools/call', params: question },
    ];
    product.child.stdin?.end(lines.map((line) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`).join(''));
    expect(await product.ended).toEqual({ code: 0, signal: null });
    expect(product.stdout()).toContain('"rows":[[1]]');
  }, 60_000);

  test('a server whose port is taken ends with 78 at once', async () => {
    const { code, stderr } = await runProduct(['serve', '--transport', 'http', '--port', new URL(served.url).port], own.env);
    expect(stderr).toContain('Cannot listen on 127.0.0.1:');
    expect(code).toBe(78);
  });

  test('SIGTERM lets a running query finish', async () => {
    const other = await serveHttp(own.env);
    const slow = 'SELECT count(*) FROM order_items a CROSS JOIN order_items b CROSS JOIN regions r';
    const answer = fetch(other.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        Authorization: `Bearer ${other.callers.headOffice.token}`,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'execute_sales_query', arguments: { postgresql_query: slow } },
      }),
    });
    const running =
      "SELECT 1 AS known FROM pg_stat_activity WHERE state = 'active' AND query ILIKE '%cross join%regions%' AND datname = $1 AND pid <> pg_backend_pid()";
    await expect.poll(() => admin.query(running, [own.database]), { interval: 10, timeout: 30_000 }).toHaveLength(1);
    expect(await other.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await (await answer).text()).toMatch(/"rows":\[\[\d+\]\]/);
  }, 60_000);
});
