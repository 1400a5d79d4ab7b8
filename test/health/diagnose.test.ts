import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import {
  type Check,
  compareVersions,
  createChecks,
  type DiagnoseOptions,
  diagnose,
  formatDiagnosis,
} from '../../src/health/diagnose.ts';
import { type Migration, readMigrations } from '../../src/postgres/migrate.ts';
import { proveSeparation } from '../../src/proof/prove.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { migrationsDirectory, onEveryDatabase, signingKey, type TestDatabase, tenantDirectory } from '../support/databases.ts';
import { type HttpStack, httpStack } from '../support/mcp-stack.ts';

onEveryDatabase('the doctor', (tier) => {
  let db: TestDatabase;
  let server: HttpStack;
  let migrations: Migration[];
  beforeAll(async () => {
    [db, server, migrations] = await Promise.all([tier.open(), httpStack(), readMigrations(migrationsDirectory)]);
  });
  afterAll(async () => {
    await Promise.all([db.close(), server.close()]);
  });

  const options = (changes: Partial<DiagnoseOptions> = {}): DiagnoseOptions => ({
    runtime: { node: process.version, minimumNode: '20.19', release: '1.2.3' },
    settings: [],
    database: {
      open: async () => db.database,
      definition: retailDefinition,
      prefix: db.role('owner').replace(/_owner$/, ''),
      migrations,
    },
    isolation: async (database) =>
      proveSeparation({
        database,
        definition: retailDefinition,
        prefix: db.role('owner').replace(/_owner$/, ''),
        signingKey: () => signingKey,
        clock: systemClock,
        tenants: await tenantDirectory(database),
      }),
    server: { url: server.mcpUrl, token: 'manager' },
    ...changes,
  });
  const examine = async (name: string, changes: Partial<DiagnoseOptions>) => {
    const checks = createChecks(options(changes)).filter((check) => check.name === name);
    return (await diagnose(checks)).checks[0]!;
  };
  const databaseWith = (changes: Partial<DiagnoseOptions['database']>) => ({ database: { ...options().database, ...changes } });

  test('makes eight checks, and a sound installation passes all that apply', async () => {
    const diagnosis = await diagnose(createChecks(options()));
    expect(diagnosis.checks.map(({ name, status }) => [name, status])).toEqual([
      ['runtime', 'ok'],
      ['settings', 'ok'],
      ['database', 'ok'],
      ['row-level security', 'ok'],
      ['embedder', 'not applicable'],
      ['Azure identity', 'not applicable'],
      ['cache', 'not applicable'],
      ['server', 'ok'],
    ]);
    expect(diagnosis.ok).toBe(true);
    expect(formatDiagnosis(diagnosis)).toContain('migrations applied');
  });

  test('tells of pending, altered and unknown migrations, each with its remedy', async () => {
    const next: Migration = { version: migrations.length + 1, name: 'next', text: '', checksum: 'x', transactional: true };
    expect(await examine('database', databaseWith({ migrations: [...migrations, next] }))).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('1 migrations are pending'),
      remedy: 'zava-mcp-server migrate',
    });
    const altered = migrations.map((migration, index) => (index === 1 ? { ...migration, checksum: 'x' } : migration));
    expect(await examine('database', databaseWith({ migrations: altered }))).toMatchObject({
      detail: expect.stringContaining('search'),
      remedy: expect.stringContaining('Restore'),
    });
    expect(await examine('database', databaseWith({ migrations: migrations.slice(0, -1) }))).toMatchObject({
      detail: expect.stringContaining('newer release'),
    });
  });

  test('tells of an unsafe table and of rows that leak', async () => {
    await db.admin.script('ALTER TABLE retail.orders DISABLE ROW LEVEL SECURITY');
    try {
      const { ok, checks } = await diagnose(createChecks(options()));
      expect(ok).toBe(false);
      const [database, isolation] = ['database', 'row-level security'].map((name) => checks.find((check) => check.name === name));
      expect(database).toMatchObject({ status: 'failed', remedy: expect.stringContaining('ENABLE ROW LEVEL SECURITY') });
      expect(isolation).toMatchObject({ status: 'failed', detail: expect.stringContaining('rows of orders') });
      expect(isolation?.remedy).toContain('prove');
    } finally {
      await db.admin.script('ALTER TABLE retail.orders ENABLE ROW LEVEL SECURITY');
    }
  });

  test('tells of an old server, a missing extension and an empty database', async () => {
    const { database } = db;
    expect(await examine('database', databaseWith({ open: async () => ({ ...database, serverMajor: 15 }) }))).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('16'),
    });
    const answering = (pattern: RegExp) => ({
      ...database,
      query: async (text: string, values = []) => (pattern.test(text) ? [] : database.query(text, values)),
    });
    expect(await examine('database', databaseWith({ open: async () => answering(/pg_extension/) }))).toMatchObject({
      detail: expect.stringContaining('without the extensions vector, pg_trgm'),
      remedy: expect.stringContaining('bootstrap'),
    });
    expect(await examine('database', databaseWith({ open: async () => answering(/to_regclass/) }))).toMatchObject({
      detail: expect.stringContaining(`${migrations.length} migrations are pending`),
    });
  });
});

describe('a diagnosis', () => {
  const check = (run: Check['run']): Check => ({ name: 'it', remedy: 'Mend it', run });

  test('names every refused setting with its remedy', async () => {
    const settings = [
      { setting: 'PORT', problem: 'is "x"', remedy: 'it must be a port' },
      { setting: 'DEBUG', problem: 'is on in production', remedy: 'switch it off' },
    ];
    const checks = createChecks({ settings } as unknown as DiagnoseOptions).filter(({ name }) => name === 'settings');
    expect((await diagnose(checks)).checks).toMatchObject([
      {
        status: 'failed',
        detail: 'PORT is "x"; DEBUG is on in production',
        remedy: 'PORT: it must be a port; DEBUG: switch it off',
      },
    ]);
  });

  test('fails on a Node that is too old', async () => {
    const runtime = { node: 'v18.20.1', minimumNode: '20.19', release: '1.2.3' };
    const checks = createChecks({ runtime } as DiagnoseOptions).filter(({ name }) => name === 'runtime');
    expect((await diagnose(checks)).checks).toMatchObject([{ status: 'failed', remedy: 'Install Node 20.19 or newer' }]);
  });

  test.each([
    ['v20.19.4', '20.19', 1],
    ['20.9.0', '20.19', -1],
    ['v22.0.0', '20.19.1', 1],
    ['20.19', '20.19.0', 0],
  ])('holds %s against %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
  });

  test('asks what is configured, and takes its word', async () => {
    const checks = createChecks({
      embedder: async () => 'text-embedding-3-small, 1536 dimensions',
      cache: () => Promise.reject(new AppError('dependency_unavailable', 'Redis does not answer')),
      azureIdentity: () => Promise.reject(new TypeError('a secret')),
    } as unknown as DiagnoseOptions).filter(({ name }) => ['embedder', 'cache', 'Azure identity'].includes(name));
    const { ok, checks: answers } = await diagnose(checks);
    expect(ok).toBe(false);
    expect(answers).toMatchObject([
      { name: 'embedder', status: 'ok', detail: 'text-embedding-3-small, 1536 dimensions' },
      { name: 'Azure identity', status: 'failed', detail: 'an unexpected failure' },
      { name: 'cache', status: 'failed', detail: 'Redis does not answer', remedy: expect.stringContaining('REDIS_URL') },
    ]);
  });

  test('does not wait for what hangs, and tells it to stop', async () => {
    let stopped = false;
    const hanging = check(
      (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            stopped = true;
            reject(new Error('stopped'));
          }),
        ),
    );
    const { ok, checks } = await diagnose([hanging, check(async () => ({ status: 'ok', detail: 'fine' }))], 20);
    expect(ok).toBe(false);
    expect(stopped).toBe(true);
    expect(checks).toMatchObject([{ status: 'failed', detail: 'no answer within 0.02 s', remedy: 'Mend it' }, { status: 'ok' }]);
  });

  test('gives a proof of isolation the time that it takes on a busy machine', async () => {
    const isolation = () =>
      new Promise<{ name: string; passed: boolean; detail: string }[]>((resolve) =>
        setTimeout(resolve, 40, [{ name: 'a probe', passed: true, detail: '' }]),
      );
    const database = { open: async () => undefined };
    const checks = createChecks({ isolation, database } as unknown as DiagnoseOptions);
    const { checks: answers } = await diagnose(
      checks.filter(({ name }) => name === 'row-level security'),
      20,
    );
    expect(answers).toMatchObject([{ status: 'ok' }]);
  });

  test('prints the remedy below the check', () => {
    const text = formatDiagnosis({
      ok: false,
      checks: [{ name: 'it', status: 'failed', detail: 'broken', remedy: 'Mend it', durationMs: 1 }],
    });
    expect(text).toBe('it  failed          broken\n    remedy: Mend it\nSomething needs mending.\n');
  });

  test('takes the hint of an error for the remedy', async () => {
    const refused = check(() => Promise.reject(new AppError('misconfigured', 'no', { hint: 'Do this' })));
    expect((await diagnose([refused])).checks).toMatchObject([{ detail: 'no', remedy: 'Do this' }]);
  });
});
