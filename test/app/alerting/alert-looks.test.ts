import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FactName } from '../../../src/alerts/readings.ts';
import { alertFactsOf } from '../../../src/app/alerting/alert-looks.ts';
import { isolationBroken, trailBroken } from '../../../src/app/schedules/job-verdicts.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { onEveryDatabase, type TestDatabase } from '../../support/databases.ts';
import { handClock } from '../../support/hand-clock.ts';

const minuteMs = 60_000;
const componentsWith = (database: string) => ({
  database: { status: database, details: database === 'unhealthy' ? {} : { response_ms: 700 } },
  ...{ ai_service: { status: 'degraded', details: {} }, system: { status: 'unhealthy', details: {} } },
  application: { status: 'healthy', details: {} },
});

onEveryDatabase('what alert rules look up', (tier) => {
  let db: TestDatabase;
  let status = 'healthy';
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    status = 'healthy';
    await db.owner.query('DELETE FROM ops.job_runs');
  });

  function looking() {
    const clock = handClock(Date.now());
    const noted: Observation[] = [];
    const facts = alertFactsOf({
      database: db.database,
      health: { current: async () => ({ components: componentsWith(status) }) as never },
      sampler: { latest: () => ({ rssBytes: 300, memoryLimitBytes: 400 }) as never },
      callers: { facts: () => undefined },
      clock,
      note: (observation) => noted.push(observation),
    });
    const next = async (name: FactName) => {
      clock.advance(minuteMs);
      await facts.look();
      return facts.facts(name)?.map(({ value }) => value);
    };
    return { ...facts, noted, next };
  }
  let day = 0;
  const ran = (job: string, outcome: string, detail = '') => {
    day += 1;
    return db.owner.query(
      `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome, detail)
       VALUES ($1, date '2026-11-01' + $2::int, now(), clock_timestamp(), $3, $4)`,
      [job, day, outcome, detail],
    );
  };

  test('of the server itself: whether its database answers, and what it holds of its memory', async () => {
    const here = looking();
    expect([await here.next('database_unhealthy'), await here.next('memory_share')]).toEqual([[0], [0.75]]);
    status = 'unhealthy';
    expect(await here.next('database_unhealthy')).toEqual([1]);
    expect(here.noted).toEqual([]);
  });

  test.each([
    ['prove', 'isolation_broken', isolationBroken, undefined],
    ['audit-verify', 'audit_chain_broken', trailBroken, undefined],
    ['restore-test', 'restore_test_failed', 'FAULT', [0]],
  ] as const)('the last run of %s that found something counts, whatever the ones before', async (job, fact, found, atFirst) => {
    const here = looking();
    expect(await here.next(fact)).toEqual(atFirst);
    await ran(job, 'done');
    expect(await here.next(fact)).toEqual([0]);
    await ran(job, 'failed', `${found}: the third of them`);
    expect(await here.next(fact)).toEqual([1]);
    await ran(job, 'skipped');
    expect(await here.next(fact)).toEqual([1]);
    await ran(job, 'done');
    expect(await here.next(fact)).toEqual([0]);
  });

  test.each([
    ['prove', 'isolation_broken'],
    ['audit-verify', 'audit_chain_broken'],
  ] as const)('a run of %s that could not be carried out has found nothing', async (job, fact) => {
    await ran(job, 'failed', 'no connection');
    expect(await looking().next(fact)).toBeUndefined();
  });

  test('a database that is away says nothing, and is noted once', async () => {
    const here = looking();
    await db.owner.script('ALTER TABLE ops.job_runs RENAME TO away');
    for (let turn = 0; turn < 3; turn += 1) expect(await here.next('isolation_broken')).toBeUndefined();
    await db.owner.script('ALTER TABLE ops.away RENAME TO job_runs');
    expect(await here.next('restore_test_failed')).toEqual([0]);
    expect(here.noted.filter((told) => told.kind === 'fault_met' && told.where === 'alert fact isolation_broken')).toHaveLength(
      1,
    );
  });

  test('what else is lost is found, and a failed backup until the next one', async () => {
    const clock = handClock(Date.now());
    const facts = alertFactsOf({
      ...{ database: db.database, clock, note: () => {}, callers: { facts: () => undefined } },
      health: { current: async () => ({ components: componentsWith('healthy') }) as never },
      sampler: { latest: () => ({ rssBytes: 300, memoryLimitBytes: 400 }) as never },
      ...{ replicasAway: () => 2, redis: { client: { isReady: false } }, heartbeats: { look: async () => 1 } },
    });
    await ran('backup-full', 'failed', 'no space left on device');
    await facts.look();
    const values = (...names: FactName[]) => names.map((name) => facts.facts(name)?.map(({ value }) => value));
    expect(values('read_replicas_away', 'redis_away', 'embedder_away', 'servers_lost')).toEqual([[2], [1], [1], [1]]);
    expect(values('database_response_seconds', 'backup_failed')).toEqual([[0.7], [1]]);
    expect(facts.facts('component_unhealthy')).toEqual([{ labels: { component: 'system' }, value: 1 }]);
    await ran('backup-full', 'done');
    clock.advance(minuteMs);
    await facts.look();
    expect(values('backup_failed')).toEqual([[0]]);
  });
});
