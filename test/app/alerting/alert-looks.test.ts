import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FactName } from '../../../src/alerts/readings.ts';
import { type AlertLooksOptions, alertFactsOf } from '../../../src/app/alerting/alert-looks.ts';
import { trailBroken } from '../../../src/app/schedules/self-tests.ts';
import { retailSchema } from '../../../src/app/served-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { createTenantDirectory } from '../../../src/query/tenant-directory.ts';
import { onEveryDatabase, signingKey, type TestDatabase } from '../../support/databases.ts';
import { handClock } from '../../support/hand-clock.ts';

const hourMs = 3_600_000;

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
      health: { current: async () => ({ components: { database: { status } } }) as never },
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
    status = 'unhealthy';
    await here.look();
    expect(here.found('database_unhealthy')).toEqual([1]);
  }, 90_000);

  test('a loosened policy breaks isolation', async () => {
    await db.admin.script(`CREATE POLICY extra ON retail.orders FOR SELECT TO ${db.role('reader')} USING (true)`);
    const [faults = 0] = (await settled(looking(), 'isolation_broken')) ?? [];
    await db.admin.script('DROP POLICY extra ON retail.orders');
    expect(faults).toBeGreaterThan(0);
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
