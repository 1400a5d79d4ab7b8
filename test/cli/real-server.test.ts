import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealInstallation, realInstallation, realServer } from '../e2e/real-installation.ts';
import { runVerb, startVerb } from './command-line.ts';

describe.skipIf(realServer === undefined)('the verbs on a real PostgreSQL 17', () => {
  let own: RealInstallation;
  beforeAll(async () => {
    own = await realInstallation('zavacli');
  });
  afterAll(() => own.drop());

  const settingsWithout = (...names: string[]) =>
    Object.fromEntries(Object.entries(own.env).filter(([name]) => !names.includes(name)));

  test('bootstrap without the passwords says which one is missing, and nothing reads them from the command line', async () => {
    const { code, stderr } = await runVerb(['bootstrap', '--admin-url', own.adminUrl], settingsWithout('POSTGRES_OPERATOR_URL'));
    expect(code).toBe(78);
    expect(stderr).toContain('Password of the operator login is missing');
  });

  test('bootstrap creates the database, and changes nothing when it is run again', async () => {
    const first = await runVerb(['bootstrap', '--admin-url', own.adminUrl], own.env);
    expect(first).toMatchObject({ code: 0, stdout: '' });
    const again = await runVerb(['bootstrap', '--admin-url', own.adminUrl], own.env);
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).not.toContain('Created the database');
    expect(again.stderr).toContain('Next: zava-mcp-server migrate');
    for (const [name, value] of Object.entries(own.env)) {
      if (/PASSWORD/.test(name)) expect(first.stderr + again.stderr).not.toContain(value);
    }
  }, 60_000);

  test('bootstrap for a managed identity wants no password of the server login, and says where identities are at home', async () => {
    const env = { ...settingsWithout('POSTGRES_PASSWORD'), POSTGRES_SERVER_PRINCIPAL_ID: '3f2504e0-4f89-41d3-9a0c-0305e82c3301' };
    const { code, stderr } = await runVerb(['bootstrap', '--admin-url', own.adminUrl], env);
    expect(code).toBe(78);
    expect(stderr).toContain(`The managed identity could not be mapped to ${own.database}_server`);
    expect(stderr).toContain('Azure Database for PostgreSQL alone can');
  });

  test('bootstrap with a wrong password names the login, not the password', async () => {
    const { code, stderr } = await runVerb(['bootstrap', '--admin-url', own.adminUrl], { ...own.env, PGPASSWORD: 'wrong one' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Cannot connect to .*\/postgres as postgres/);
    expect(stderr).not.toContain('wrong one');
  });

  test('what needs the schema says that it is not there yet', async () => {
    const { code, stderr } = await runVerb(['serve', '--role', 'super_admin'], own.env);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/migrate/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('migrate brings the schema up to date once', async () => {
    const first = await runVerb(['migrate'], own.env);
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/applied 0001_retail_schema\n.*\d+ migrations applied\.\n/s);
    expect(await runVerb(['migrate'], own.env)).toEqual({ code: 0, stdout: '', stderr: 'The schema is up to date.\n' });
  }, 60_000);

  test('an empty schema is served, and seed is named as the next step', async () => {
    const verb = startVerb(['serve', '--transport', 'http', '--port', '0'], own.env);
    await expect
      .poll(() => verb.stderr(), { timeout: 50_000 })
      .toContain('The database has no tenants yet: run zava-mcp-server seed');
    verb.signal('SIGTERM');
    expect((await verb.done).code).toBe(0);
  });

  test('seed fills it, refuses to do so twice, and verifies it', async () => {
    const seeded = await runVerb(['seed', '--scale', '200', '--json'], own.env);
    expect(seeded.code).toBe(0);
    expect(JSON.parse(seeded.stdout)).toMatchObject({ rows: { customers: 200 } });
    expect((await runVerb(['seed', '--scale', '200'], own.env)).code).toBe(2);
    const forced = await runVerb(['seed', '--scale', '220', '--force'], own.env);
    expect(forced.code).toBe(0);
    const verified = await runVerb(['seed', '--verify', '--scale', '220', '--json'], own.env);
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ passed: true });
  }, 60_000);

  test('advise indexes finds everything in order after seeding, and what was dropped since missing until it is applied', async () => {
    const fresh = await runVerb(['advise', 'indexes', '--json'], own.env);
    expect(fresh.code).toBe(0);
    const report = JSON.parse(fresh.stdout);
    expect(report.recommendations.map(({ status }: { status: string }) => status)).toEqual(Array(6).fill('present'));
    expect(report).toMatchObject({ statistics: [], notes: [] });

    const admin = await own.admin();
    await admin.script('DROP INDEX retail.idx_products_category_price');
    await admin.close();
    const missing = await runVerb(['advise', 'indexes'], own.env);
    expect(missing).toMatchObject({ code: 1, stderr: '' });
    expect(missing.stdout).toMatch(/^missing +retail\.products\(category_id, base_price\) +the products of a category/m);

    const refused = await runVerb(['advise', 'indexes', '--apply'], settingsWithout('POSTGRES_OWNER_URL'));
    expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining('This command needs POSTGRES_OWNER_URL') });
    const applied = await runVerb(['advise', 'indexes', '--apply'], own.env);
    expect(applied.code).toBe(0);
    expect(applied.stdout).toMatch(/^done +CREATE INDEX CONCURRENTLY idx_products_category_price .*\n +EXPLAIN uses it/m);
    expect(applied.stdout).toMatch(/^present +retail\.products\(category_id, base_price\)/m);
  }, 60_000);

  test('advise queries shows what takes the time, without anybody’s literals', async () => {
    const text = await runVerb(['advise', 'queries'], own.env);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/^\d+ % +\d+ calls of .* as \w+_owner, /m);
    expect(text.stdout).not.toMatch(/= '[^']/);
    const ownerOnly = await runVerb(['advise', 'queries', '--json'], settingsWithout('POSTGRES_OPERATOR_URL'));
    expect(JSON.parse(ownerOnly.stdout)).toMatchObject({ statements: expect.any(Array), notes: expect.any(Array) });
  });

  test('token resolves names by the directory of the database', async () => {
    const { code, stdout } = await runVerb(['token', '--role', 'regional_manager', '--region', 'puget sound'], own.env);
    expect({ code, regions: decodeJwt(stdout.trim()).allowed_regions }).toEqual({ code: 0, regions: ['Puget Sound'] });
  });

  test('serve over stdio without a role is bad usage, and leaves no connection behind', async () => {
    const { code, stderr } = await runVerb(['serve'], own.env);
    expect(code).toBe(2);
    expect(stderr).toContain('must be told whose eyes it has');
    const admin = await own.admin();
    const sessions = () => admin.query('SELECT 1 AS one FROM pg_stat_activity WHERE usename = $1', [own.env.POSTGRES_USER ?? '']);
    await expect.poll(sessions).toEqual([]);
    await admin.close();
  });

  test('a server that is stopped in the middle of a job lets it end, records it, and leaves no connection behind', async () => {
    const admin = await own.admin();
    const runs = () => admin.query("SELECT outcome, finished_at IS NULL AS open FROM ops.job_runs WHERE job = 'prove'");
    const logins = () =>
      admin.query('SELECT DISTINCT usename FROM pg_stat_activity WHERE starts_with(usename, $1)', [own.database]);
    await admin.script("DELETE FROM ops.job_runs WHERE job = 'prove'");
    const verb = startVerb(['serve', '--transport', 'http', '--port', '0'], own.env);
    await expect.poll(runs, { timeout: 50_000 }).toEqual([{ outcome: null, open: 't' }]);
    verb.signal('SIGTERM');
    const { code, stderr } = await verb.done;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /"event":"job_ended","job":"prove".*"outcome":"(done|cancelled)".*\n(.*\n)*.*"event":"server_stopped"/,
    );
    expect(stderr).not.toContain('fault_met');
    expect(await runs()).toEqual([{ outcome: expect.stringMatching(/^(done|cancelled)$/), open: 'f' }]);
    await expect.poll(logins).toEqual([]);
    await admin.close();
  }, 90_000);

  test('serve as a superuser is refused', async () => {
    const admin = new URL(own.adminUrl);
    const env = { ...own.env, POSTGRES_USER: admin.username, POSTGRES_PASSWORD: own.env.PGPASSWORD ?? '' };
    const { code, stderr } = await runVerb(['serve', '--role', 'super_admin'], env);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/superuser/);
  });

  test('serve names the database that does not answer', async () => {
    const { code, stderr } = await runVerb(['serve', '--role', 'super_admin'], { ...own.env, POSTGRES_PORT: '9' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/127\.0\.0\.1:9/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
