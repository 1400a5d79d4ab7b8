import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveHttp } from '../e2e/product.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';
import { runVerb } from './command-line.ts';
import { anyInstallation, embeddedInstallation, type Installation } from './installation.ts';

let own: Installation;
const verb = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runVerb(args, { ...own.env, EMBEDDER: 'none', ...env });

beforeAll(async () => {
  own = await anyInstallation('zavajobs');
  const server = await serveHttp(own.env);
  const ask = async (token: string, sql: string) => {
    const params = { name: 'execute_sales_query', arguments: { postgresql_query: sql } };
    return (await answerOf(await postLegacy(server.url, 'tools/call', params, { token }))).result;
  };
  const { store, headOffice } = server.callers;
  const orders = 'SELECT order_id, order_date FROM orders ORDER BY order_id LIMIT 5';
  for (const token of [store.token, store.token, headOffice.token])
    expect((await ask(token, orders)).structuredContent.rows).toHaveLength(5);
  expect((await ask(store.token, 'DROP TABLE orders')).isError).toBe(true);
  await server.stop();
}, 120_000);
afterAll(() => own.remove());

test('cost report tells what the calls of a served session used, by tenant and tool, and what the cache saved', async () => {
  const { code, stdout } = await verb(['cost', 'report', '--json']);
  expect(code).toBe(0);
  const { usage, cache } = JSON.parse(stdout);
  expect(usage).toMatchObject([
    { tenant: '(several tenants)', tool: 'execute_sales_query', calls: 1, rows: 5 },
    { tenant: 'Zava Retail Seattle', tool: 'execute_sales_query', calls: 3, failed: 1, rows: 10, queries: 2, cache_hits: 1 },
  ]);
  for (const { bytes, database_ms, cpu_ms } of usage) {
    expect(bytes).toBeGreaterThan(300);
    expect(database_ms).toBeGreaterThan(0);
    expect(cpu_ms).toBeGreaterThan(0);
  }
  expect(cache).toMatchObject({ queries: 3, hits: 1, warm_hits: 0, hit_rate: 1 / 3, hit_rate_without_warming: 1 / 3 });
  expect(stdout).not.toContain('order_date');
  const printed = (await verb(['cost', 'report', '--days', '1'])).stdout;
  expect(printed).toMatch(/Zava Retail Seattle +execute_sales_query +3 +1 +10/);
  expect(printed).toContain('1 of 3 statements from the cache (33.3 %; without warming 33.3 %)');
  expect((await verb(['cost', 'report', '--days', '0'])).code).toBe(2);
}, 60_000);

test('cost estimate shows inputs, prices with their date, and names what it does not know', async () => {
  const { code, stdout, stderr } = await verb(['cost', 'estimate', '--assume', 'container_vcpu=0.5', 'postgres_ha=0'], {
    COST_ASSUMPTIONS: 'postgres_sku=B_Standard_B1ms, container_vcpu=2',
  });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Prices of \d{4}-\d\d-\d\d, eastus, USD: .*to be confirmed/);
  // What is given on the command line wins over the setting.
  expect(stdout).toMatch(/container_vcpu +0\.5 {2}assumed/);
  expect(stdout).toMatch(/PostgreSQL, compute +12\.41 {2}730 vCore-hour at 0\.017/);
  expect(stdout).toMatch(/requests +\d[\d,]* {2}measured: 4 calls/);
  expect(stdout).toMatch(/Application Insights, ingestion +unknown {2}give telemetry_gb/);
  expect(stdout).toContain('Total of what is known');
}, 60_000);

test('prices that were fetched later than the package’s are used; a budget nearly used up, or exceeded, is warned of', async () => {
  const list = JSON.parse(await readFile(new URL('../../data/prices.json', import.meta.url), 'utf8'));
  list.postgres_skus.B_Standard_B1ms.vcore_hour = 1;
  await writeFile(join(own.env.DATA_DIR, 'prices.json'), JSON.stringify({ ...list, date: '2099-12-31' }));
  const estimate = (MONTHLY_BUDGET: string) =>
    verb(['cost', 'estimate', '--json'], { MONTHLY_BUDGET, COST_ASSUMPTIONS: 'postgres_sku=B_Standard_B1ms,postgres_ha=1' });
  const low = await estimate('1500');
  expect([low.code, low.stderr]).toEqual([0, expect.stringContaining('above 80 % of MONTHLY_BUDGET (1500 USD)')]);
  expect(JSON.parse(low.stdout)).toMatchObject({ price_date: '2099-12-31', total: 1460, complete: false });
  const high = await estimate('1400');
  expect([high.code, high.stderr]).toEqual([1, expect.stringContaining('above MONTHLY_BUDGET (1400 USD)')]);
  expect(JSON.parse(high.stdout).budget).toMatchObject({ monthly: 1400, warning: 'high' });
}, 60_000);

test('jobs list shows every job, its next time, whether it is on, and its last runs', async () => {
  const ran = await verb(['jobs', 'run', 'usage-retention', '--json']);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('usage-retention done: 0 accounts removed') });
  expect(JSON.parse(ran.stdout)).toEqual({ job: 'usage-retention', outcome: 'done', detail: '0 accounts removed' });
  const { stdout } = await verb(['jobs', 'list', '--json'], { SCHEDULES_OFF: 'analyze' });
  const { jobs } = JSON.parse(stdout) as { jobs: { name: string; on: boolean; next: string; lacks?: string; runs: object[] }[] };
  const named = (name: string) => jobs.find((job) => job.name === name);
  expect(named('usage-retention')).toMatchObject({ on: true, runs: [{ startedBy: 'person', outcome: 'done', attempt: 1 }] });
  expect(named('usage-retention')?.next).toMatch(/T01:30:00/);
  expect(named('analyze')).toMatchObject({ on: false });
  expect(named('index-products')).toMatchObject({ lacks: 'EMBEDDER=none' });
  const printed = (await verb(['jobs', 'list'])).stdout;
  expect(printed).toMatch(/usage-retention +30 1 \* \* \* +next \d{4}-\d\d-\d\dT01:30Z/);
  expect(printed).toMatch(/Z done: 0 accounts removed/);
}, 60_000);

test('the jobs of backups take one of the embedded database, test it and keep it', async () => {
  const embedded = await embeddedInstallation();
  const env = { ...embedded.env, EMBEDDER: 'none', BACKUP_TARGET: join(embedded.env.DATA_DIR, 'backups') };
  const taken = await runVerb(['jobs', 'run', 'backup-full'], env);
  expect([taken.code, taken.stderr]).toEqual([0, expect.stringMatching(/backup-full done: zava_backup_full_\d{8}_\d{6}/)]);
  const tested = await runVerb(['jobs', 'run', 'restore-test'], env);
  expect([tested.code, tested.stderr]).toEqual([
    0,
    expect.stringMatching(/restore-test done: zava_backup_full_\w+ restored in [\d.]+ s/),
  ]);
  expect((await runVerb(['jobs', 'run', 'backup-retention'], env)).stderr).toContain('backup-retention done: 0 backups removed');
  const listed = await runVerb(['jobs', 'list', '--json'], env);
  expect(JSON.parse(listed.stdout).jobs).toContainEqual(
    expect.objectContaining({ name: 'restore-test', runs: [expect.objectContaining({ outcome: 'done' })] }),
  );
  const { code, stdout } = await runVerb(['cost', 'report', '--json'], env);
  expect([code, JSON.parse(stdout).usage]).toEqual([0, []]);
  await embedded.remove();
}, 120_000);

test('jobs run says what it cannot run, and does not run what runs', async () => {
  const skipped = await verb(['jobs', 'run', 'index-products']);
  expect([skipped.code, skipped.stderr]).toEqual([78, expect.stringContaining('index-products skipped: EMBEDDER=none')]);
  const unknown = await verb(['jobs', 'run', 'analyse']);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('prove, audit-verify, analyze')]);
  await own.asAdministrator((session) =>
    session.query(
      `INSERT INTO ops.job_runs (job, scheduled_for, started_at, lease_until) VALUES ('analyze', now(), now(), now() + interval '1 hour')`,
    ),
  );
  const busy = await verb(['jobs', 'run', 'analyze']);
  expect([busy.code, busy.stderr]).toEqual([1, expect.stringContaining('analyze is being run by another process')]);
}, 60_000);
