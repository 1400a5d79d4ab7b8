import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FactName } from '../../../src/alerts/readings.ts';
import { type AlertLooksOptions, alertFactsOf } from '../../../src/app/alerting/alert-looks.ts';
import { trailBroken } from '../../../src/app/schedules/self-tests.ts';
import { retailSchema } from '../../../src/app/served-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { createTenantDirectory } from '../../../src/query/tenant-directory.ts';
import { onEveryDatabase, signingKey, type TestDatabase } from '../../support/databases.ts';
import { handClock } from '../../support/hand-clock.ts';

const hourMs = 3_600_000;
const componentsWith = (database: string, others: Record<string, string> = {}) => ({
  database: { status: database, details: database === 'unhealthy' ? {} : { response_ms: 700 } },
  ai_service: { status: others.ai_service ?? 'healthy', details: {} },
  system: { status: others.system ?? 'healthy', details: {} },
  application: { status: others.application ?? 'degraded', details: {} },
});

onEveryDatabase('what alert rules look up', (tier) => {
  let db: TestDatabase;
  let status = 'healthy';
  beforeAll(async () => {
    db = await tier.open();
  });
  beforeEach(async () => {
    status = 'healthy';
    await db.owner.query('DELETE FROM ops.job_runs');
  });
  afterAll(() => db.close());

  function looking(changes: Partial<AlertLooksOptions> = {}) {
    const clock = handClock(Date.now());
    const noted: Observation[] = [];
    const { database } = db;
    const prefix = db.role('owner').replace(/_owner$/, '');
    const facts = alertFactsOf({
      config: loadConfig({}, { ENVIRONMENT: 'test', POSTGRES_ROLE_PREFIX: prefix }),
      served: retailSchema,
      database,
      tenants: createTenantDirectory({ database, definition: retailSchema.definition, clock: systemClock }),
      signingKey: () => signingKey,
      health: { current: async () => ({ components: componentsWith(status) }) as never },
      sampler: { latest: () => ({ rssBytes: 300, memoryLimitBytes: 400 }) as never },
      callers: { facts: () => undefined },
      // The proof signs scopes, which the database judges by its own clock.
      clock: { ...clock, now: systemClock.now },
      note: (observation) => noted.push(observation),
      ...changes,
    });
    const found = (name: FactName) => facts.facts(name)?.map(({ value }) => value);
    return { ...facts, clock, noted, found };
  }
  /** However slow the machine is: a look that takes longer than its turn is known in a later one. */
  const settled = async ({ look, found }: ReturnType<typeof looking>, name: FactName) => {
    await expect
      .poll(
        async () => {
          await look();
          return found(name);
        },
        { interval: 20, timeout: 60_000 },
      )
      .toBeDefined();
    return found(name);
  };

  test('a sound server has nothing to tell', async () => {
    const here = looking();
    expect(await settled(here, 'isolation_broken')).toEqual([0]);
    expect([here.found('database_unhealthy'), here.found('memory_share'), here.found('restore_test_failed')]).toEqual([
      [0],
      [0.75],
      [0],
    ]);
    expect(here.noted).toEqual([]);
    expect([here.found('database_response_seconds'), here.found('embedder_away'), here.found('component_unhealthy')]).toEqual([
      [0.7],
      [0],
      [],
    ]);
    expect([here.found('read_replicas_away'), here.found('redis_away'), here.found('servers_lost')]).toEqual([[0], [0], [0]]);
    expect(here.found('backup_failed')).toEqual([0]);
    expect(here.found('clock_skew_seconds')?.[0]).toBeLessThan(5);
    status = 'unhealthy';
    await here.look();
    expect(here.found('database_unhealthy')).toEqual([1]);
    // Without the database nothing can be said of these.
    expect([here.found('database_response_seconds'), here.found('component_unhealthy')]).toEqual([undefined, undefined]);
  }, 90_000);

  test('what else is lost is found', async () => {
    const tenants = async () => Promise.reject(new Error('not asked for here'));
    const here = looking({
      tenants,
      health: {
        current: async () =>
          ({ components: componentsWith('healthy', { ai_service: 'degraded', system: 'unhealthy' }) }) as never,
      },
      replicasAway: () => 2,
      redis: { client: { isReady: false } },
      heartbeats: { look: async () => 1 },
      pace: { everyMs: 1000, speedUp: 60 },
    });
    await here.look();
    expect([here.found('embedder_away'), here.found('read_replicas_away'), here.found('redis_away')]).toEqual([[1], [2], [1]]);
    expect(here.found('servers_lost')).toEqual([1]);
    expect(here.facts('component_unhealthy')).toEqual([{ labels: { component: 'system' }, value: 1 }]);
    const nobodyHeard = looking({ tenants, heartbeats: { look: async () => Promise.reject(new Error('away')) } });
    await nobodyHeard.look();
    expect(nobodyHeard.found('servers_lost')).toBeUndefined();
    expect(nobodyHeard.noted.filter((one) => 'where' in one && one.where.includes('servers_lost'))).toEqual([]);
  }, 90_000);

  test('a backup that failed counts until the next one succeeds, of either kind', async () => {
    const here = looking({ tenants: async () => Promise.reject(new Error('not asked for here')) });
    const run = (minute: number, job: string, outcome: string) =>
      db.owner.script(
        `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome, detail)
         VALUES ('${job}', '2026-11-01T10:0${minute}Z', now(), now(), '${outcome}', 'no space left on device')`,
      );
    const next = async () => {
      here.clock.advance(60_000);
      await here.look();
      return here.found('backup_failed');
    };
    await run(1, 'backup-full', 'failed');
    expect(await next()).toEqual([1]);
    await run(2, 'backup-incremental', 'failed');
    expect(await next()).toEqual([2]);
    await run(3, 'backup-full', 'done');
    await run(4, 'backup-incremental', 'done');
    expect(await next()).toEqual([0]);
  }, 90_000);

  test('a loosened policy breaks isolation', async () => {
    await db.admin.script(`CREATE POLICY extra ON retail.orders FOR SELECT TO ${db.role('reader')} USING (true)`);
    const [faults = 0] = (await settled(looking(), 'isolation_broken')) ?? [];
    await db.admin.script('DROP POLICY extra ON retail.orders');
    expect(faults).toBeGreaterThan(0);
  }, 90_000);

  test('a proof that the database stops answering in the middle is unknown, and no broken isolation', async () => {
    let asked = 0;
    const database: TestDatabase['database'] = {
      ...db.database,
      async runAsTenant(statement) {
        asked += 1;
        if (asked > 20) throw new AppError('dependency_unavailable', 'The database cannot be reached');
        return db.database.runAsTenant(statement);
      },
    };
    const here = looking({ database });
    const failed = () => here.noted.filter((one) => 'where' in one && one.where === 'alert fact isolation_broken').length;
    await here.look();
    await expect.poll(failed, { timeout: 60_000 }).toBe(1);
    expect(asked).toBeGreaterThan(20);
    expect(here.found('isolation_broken')).toBeUndefined();
  }, 90_000);

  test.each([
    ['restore-test', 'restore_test_failed', [0]],
    ['audit-verify', 'audit_chain_broken', undefined],
  ] as const)(
    'the last run of %s that found something counts, whatever the ones before',
    async (job, fact, atFirst) => {
      const run = (day: number, outcome: string, detail = '') =>
        db.owner.script(
          `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome, detail)
         VALUES ('${job}', '2026-11-0${day}Z', now(), now(), '${outcome}', '${detail}')`,
        );
      const here = looking({ tenants: async () => Promise.reject(new Error('not asked for here')) });
      const next = async () => {
        here.clock.advance(hourMs);
        await here.look();
        return here.found(fact);
      };
      expect(await next()).toEqual(atFirst);
      await run(1, 'done');
      await run(2, 'failed', `${trailBroken}: record 7 was altered`);
      expect(await next()).toEqual([1]);
      await run(3, 'skipped');
      expect(await next()).toEqual([1]);
      await run(4, 'done');
      expect(await next()).toEqual([0]);
    },
    90_000,
  );

  test('a verification that could not be carried out has found nothing', async () => {
    await db.owner.script(
      `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome, detail)
       VALUES ('audit-verify', '2026-11-01Z', now(), now(), 'failed', 'no connection')`,
    );
    const here = looking({ tenants: async () => Promise.reject(new Error('not asked for here')) });
    await here.look();
    expect(here.found('audit_chain_broken')).toBeUndefined();
  }, 90_000);
});
