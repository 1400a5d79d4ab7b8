import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openAuditTrail } from '../../../src/app/audit-trail.ts';
import { refuseBrokenIsolation } from '../../../src/app/schedules/job-verdicts.ts';
import { jobNamed, jobsToRun, scheduledJobs } from '../../../src/app/schedules/scheduled-jobs.ts';
import { startSchedules, thisProcess } from '../../../src/app/schedules/start-schedules.ts';
import { retailSchema } from '../../../src/app/served-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { systemClock as clock } from '../../../src/core/clock.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { parseCron } from '../../../src/schedule/cron.ts';
import { createJobRuns } from '../../../src/schedule/job-runs.ts';
import { runJob } from '../../../src/schedule/run-job.ts';
import { createKeyRing } from '../../../src/vault/key-ring.ts';
import { onEveryDatabase, signingKey, type TestDatabase } from '../../support/databases.ts';
import { modelLess } from '../../support/product-vectors.ts';

const ring = createKeyRing([{ id: 'k1', key: Buffer.alloc(32, 1) }]);
const keys = { scopeKey: () => signingKey, encryptionKeys: () => ring };

onEveryDatabase('the scheduled jobs', (tier) => {
  let db: TestDatabase;
  let config: Config;
  let seen: Observation[] = [];
  let dataDir = '';
  const urlOf = (role: string, password = db.password ?? '') => {
    const url = new URL(`postgresql://${db.address?.host}:${db.address?.port}/${db.address?.database}`);
    url.username = db.role(role);
    url.password = encodeURIComponent(password);
    return url.href;
  };
  beforeAll(async () => {
    db = await tier.open();
    dataDir = await mkdtemp(join(tmpdir(), 'zava-jobs-'));
    const real = db.address === undefined ? {} : { DATABASE_URL: urlOf('server'), POSTGRES_OWNER_URL: urlOf('owner') };
    const prefix = db.role('x').replace('_x', '');
    config = loadConfig({ serving: 'nothing' }, { DATA_DIR: dataDir, POSTGRES_ROLE_PREFIX: prefix, ...real });
  });
  afterAll(async () => {
    await db.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    seen = [];
    await db.owner.query('DELETE FROM ops.job_runs');
  });

  const note = (told: Observation) => seen.push(told);
  const options = (changes: Partial<Parameters<typeof scheduledJobs>[0]> = {}) => ({
    ...{ config, served: retailSchema, database: db.database, keys, embedder: modelLess(), clock, note, ...changes },
    // A real server gives nobody a session of its own.
    opened: { database: db.database, place: 'here', ...(db.address === undefined && { session: () => db.owner }) },
  });
  const jobs = (changes: Parameters<typeof options>[0] = {}) => scheduledJobs(options(changes));
  const named = (name: string, changes: Parameters<typeof options>[0] = {}) => jobNamed(jobs(changes), name, 'x');
  /** As the scheduler runs it, with its record. */
  const run = async (name: string) => {
    const runs = createJobRuns({ session: db.database, holder: thisProcess(), leaseMs: 60_000 });
    const claim = await runs.claim({ job: name, slot: Date.now(), attempt: 0 });
    if (claim === undefined) throw new Error('not claimed');
    return runJob({ job: named(name), claim, runs, stop: new AbortController().signal, clock, note, leaseMs: 60_000 });
  };

  test('backups are taken only where BACKUP_TARGET was set', () => {
    const lacksOf = (env: Readonly<Record<string, string>>) => {
      const own = loadConfig({ serving: 'nothing' }, { DATA_DIR: dataDir, ...env });
      return jobs({ config: own }).flatMap(({ name, lacks }) => (/backup|restore/.test(name) ? [lacks ?? 'nothing'] : []));
    };
    expect(new Set(lacksOf({}))).toEqual(new Set(['BACKUP_TARGET is not set']));
    const BACKUP_TARGET = join(dataDir, 'backups');
    if (db.address === undefined) {
      const none = 'the embedded database has no incremental backups';
      expect(lacksOf({ BACKUP_TARGET })).toEqual(['nothing', none, 'nothing', 'nothing']);
      return;
    }
    const DATABASE_URL = urlOf('server');
    expect(new Set(lacksOf({ BACKUP_TARGET, DATABASE_URL }))).toEqual(new Set(['POSTGRES_OPERATOR_URL is not set']));
    const operator = { BACKUP_TARGET, DATABASE_URL, POSTGRES_OPERATOR_URL: urlOf('operator') };
    expect(lacksOf(operator)).toEqual(['nothing', 'BACKUP_BASE is not true', 'POSTGRES_OWNER_URL is not set', 'nothing']);
    const all = { ...operator, POSTGRES_OWNER_URL: urlOf('owner'), BACKUP_BASE: 'true' };
    expect(lacksOf(all)).toEqual(['nothing', 'nothing', 'nothing', 'nothing']);
  });

  test('each has a name of its own, a purpose and a time that comes', () => {
    const all = jobs();
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { cron, purpose } of all) {
      expect(parseCron(cron).next(0)).toBeGreaterThan(0);
      expect(purpose).not.toBe('');
    }
  });

  test('analyze refreshes the statistics of every table, and tells how far it is', async () => {
    const steps: string[] = [];
    const statistics = `SELECT FROM pg_stats WHERE schemaname = 'ops' AND tablename = 'schema_migrations'`;
    expect(await named('analyze').run(new AbortController().signal, ({ step }) => steps.push(step))).toMatch(/^\d+ tables$/);
    expect(steps).toContain('analyze retail.orders');
    expect(steps).toContain('analyze audit.events');
    expect(await db.admin.query(statistics)).not.toEqual([]);
  });

  test('a stop ends it between two tables', async () => {
    const stop = new AbortController();
    const steps: string[] = [];
    const running = named('analyze').run(stop.signal, ({ step }) => {
      steps.push(step);
      stop.abort(new Error('stopped'));
    });
    await expect(running).rejects.toThrow();
    expect(steps).toHaveLength(1);
  });

  test('index-products embeds what has no vector, once', async () => {
    const signal = new AbortController().signal;
    expect(await named('index-products').run(signal, () => {})).toBe('419 products, 419 of them embedded');
    expect(await named('index-products').run(signal, () => {})).toBe('419 products, 0 of them embedded');
    expect(named('index-products', { embedder: undefined }).lacks).toBe('EMBEDDER=none');
  });

  test('usage-retention needs no other login', async () => {
    expect(await named('usage-retention').run(new AbortController().signal, () => {})).toBe('0 accounts removed');
  });

  test.skipIf(tier.name === 'the embedded database')('without the login that a job needs it is skipped, and says which', () => {
    const { postgresOwnerUrl: _without, ...rest } = config;
    const lacking = jobs({ config: rest as Config }).flatMap(({ name, lacks }) =>
      lacks === undefined || lacks.startsWith('BACKUP') ? [] : [[name, lacks]],
    );
    expect(lacking).toEqual([
      ['audit-verify', 'POSTGRES_OPERATOR_URL or POSTGRES_OWNER_URL is not set'],
      ['analyze', 'POSTGRES_OWNER_URL is not set'],
      ['index-products', 'POSTGRES_OWNER_URL is not set'],
    ]);
  });

  test('audit-verify finds the trail whole, and fails when a record was altered', async () => {
    const trail = await openAuditTrail({ config, database: db.database, ring: () => ring, clock, log: note });
    for (const value of ['a', 'b', 'c']) trail.note({ kind: 'tokens_revoked', by: 'jti', value, reason: 'test' });
    await trail.close();
    expect(await run('audit-verify')).toMatchObject({ outcome: 'done', detail: expect.stringMatching(/^\d+ records, 1 signed/) });
    const tamper = (action: string) =>
      db.admin.script(`SET session_replication_role = replica;
        UPDATE audit.events SET action = '${action}' WHERE event_id = (SELECT max(event_id) FROM audit.events);
        RESET session_replication_role`);
    await tamper('nothing');
    expect(await run('audit-verify')).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('not whole') });
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'self_tested', test: 'audit_chain', passed: false }));
    await tamper('token_revocation');
    expect(await run('audit-verify')).toMatchObject({ outcome: 'done' });
  });

  test('where a proof of isolation fails, no server starts until one passes', async () => {
    expect(await run('prove')).toMatchObject({ outcome: 'done', detail: expect.stringContaining('probes held') });
    await refuseBrokenIsolation(db.database);
    await db.admin.script('ALTER TABLE retail.orders DISABLE ROW LEVEL SECURITY');
    expect(await run('prove')).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('isolation of tenants is broken'),
    });
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'self_tested', test: 'isolation', passed: false }));
    await expect(refuseBrokenIsolation(db.database)).rejects.toMatchObject({ code: 'misconfigured' });
    await db.admin.script('ALTER TABLE retail.orders ENABLE ROW LEVEL SECURITY');
    expect(await run('prove')).toMatchObject({ outcome: 'done' });
    await refuseBrokenIsolation(db.database);
  }, 120_000);

  test('a proof that could not be carried out stops nobody', async () => {
    await db.owner.query(
      `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome, detail) VALUES ('prove', now(), now(), now(), 'failed', 'see the log')`,
    );
    await refuseBrokenIsolation(db.database);
  });

  test('jobs are switched off by name, and a name that is none is refused', () => {
    const off = (...schedulesOff: string[]) => jobsToRun(jobs(), { schedulesOff }).map(({ name }) => name);
    expect(off('prove')).toEqual(off().filter((name) => name !== 'prove'));
    expect(() => off('proof')).toThrow('SCHEDULES_OFF names "proof", which is no scheduled job');
  });

  test.each([
    ['SCHEDULES=false', { lasting: true, schedules: false }],
    ['a copy of the database in memory', { lasting: false, schedules: true }],
  ])('with %s nothing is scheduled', async (_why, { lasting, schedules }) => {
    const query = () => expect.fail('it looked for jobs');
    const database = { ...db.database, query } as unknown as TestDatabase['database'];
    await startSchedules({ ...options({ config: { ...config, schedules }, database }), lasting }).close();
  });
});
