import { afterAll, beforeAll, expect, test } from 'vitest';
import { startUpkeepGauges } from '../../../src/app/telemetry/upkeep-gauges.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { systemClock as clock } from '../../../src/core/clock.ts';
import type { Observation } from '../../../src/core/observation.ts';
import type { Database } from '../../../src/postgres/database.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { onEveryDatabase, type TestDatabase } from '../../support/databases.ts';

const real = { DATABASE_URL: 'postgres://u:p@127.0.0.1/d' };
const noted: Observation[] = [];

async function lookedUp(database: Pick<Database, 'query'>, settings: Record<string, string>) {
  const store = createMetricStore();
  const config = loadConfig({ serving: 'nothing' }, { ENVIRONMENT: 'test', ...settings });
  const gauges = startUpkeepGauges({ config, database, store, clock, note: (seen) => noted.push(seen), everyMs: 3_600_000 });
  await gauges.look();
  await gauges.close();
  return (name: string) => store.samples().find(({ metric }) => metric.name === name)?.values[0];
}

onEveryDatabase('figures that the database knows', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('a real server without any backup has been without one since it was set up, a demonstration owes none', async () => {
    expect((await lookedUp(db.database, {}))('backup_age_seconds')).toBeUndefined();
    expect((await lookedUp(db.database, real))('backup_age_seconds')).toBeGreaterThan(0);
  });

  test('tell the age of the last full backup, when one was last verified, and what a month costs', async () => {
    await db.owner.script(
      `INSERT INTO ops.backups (name, kind, started_at, finished_at, location, outcome, verified_at)
       VALUES ('zava_backup_full_20261120_020000', 'full', now() - interval '90 minutes', now(), 'here', 'done', to_timestamp(1700000000))`,
    );
    const value = await lookedUp(db.database, { ...real, COST_ASSUMPTIONS: 'container_vcpu=1' });
    expect(value('backup_age_seconds')).toBeGreaterThanOrEqual(5400);
    expect(value('backup_age_seconds')).toBeLessThan(6000);
    expect(value('backup_verified_timestamp_seconds')).toBe(1_700_000_000);
    expect(value('estimated_cost_monthly')).toBeGreaterThan(0);
  });

  test('a database that is away leaves what was known, and the estimate says so', async () => {
    noted.length = 0;
    const value = await lookedUp({ query: () => Promise.reject(new Error('away')) }, real);
    expect(value('backup_age_seconds')).toBeUndefined();
    expect(noted).toMatchObject([{ kind: 'fault_met', where: 'cost estimate' }]);
  });
});
