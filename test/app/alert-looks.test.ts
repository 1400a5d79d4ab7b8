import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FactName } from '../../src/alerts/readings.ts';
import { type AlertLooksOptions, alertFactsOf } from '../../src/app/alert-looks.ts';
import { openAuditTrail } from '../../src/app/audit-trail.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createTenantDirectory } from '../../src/query/tenant-directory.ts';
import { createKeyRing } from '../../src/vault/key-ring.ts';
import { tamper } from '../support/audit.ts';
import { onEveryDatabase, signingKey, type TestDatabase } from '../support/databases.ts';
import { handClock } from '../support/hand-clock.ts';

const ring = () => createKeyRing([{ id: 'k1', key: Buffer.alloc(32, 1) }]);
const hourMs = 3_600_000;
let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'zava-looks-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

onEveryDatabase('what alert rules look up', (tier) => {
  let db: TestDatabase;
  let status = 'healthy';
  beforeEach(async () => {
    db = await tier.open();
    status = 'healthy';
    return () => db.close();
  });

  function looking(changes: Partial<AlertLooksOptions> = {}) {
    const clock = handClock(Date.now());
    const noted: Observation[] = [];
    const { address, password, database } = db;
    const prefix = db.role('owner').replace(/_owner$/, '');
    const operator =
      address &&
      `postgresql://${prefix}_operator:${encodeURIComponent(password ?? '')}@${address.host}:${address.port}/${address.database}`;
    const facts = alertFactsOf({
      config: loadConfig(
        {},
        {
          ENVIRONMENT: 'test',
          DATA_DIR: dataDir,
          POSTGRES_ROLE_PREFIX: prefix,
          ...(operator && { POSTGRES_OPERATOR_URL: operator }),
        },
      ),
      served: retailSchema,
      database,
      session: operator === undefined ? () => db.owner : undefined,
      tenants: createTenantDirectory({ database, definition: retailSchema.definition, clock: systemClock }),
      signingKey: () => signingKey,
      ring,
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
    expect(await settled(here, 'audit_chain_broken')).toEqual([0]);
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
    expect(faults).toBeGreaterThan(0);
  }, 90_000);

  test('a record that was altered breaks the trail: a new one within the hour, an old one within the day', async () => {
    const trail = await openAuditTrail({ config: { dataDir }, database: db.database, ring, clock: systemClock, log: () => {} });
    const write = async (requestId: string) => {
      const rows = () => db.owner.query('SELECT 1 AS one FROM audit.events WHERE request_id = $1', [requestId]);
      trail.note({ kind: 'tool_called', requestId, subject: 's', tool: 't', outcome: 'answered', durationMs: 1 });
      await expect.poll(async () => (await rows()).length, { timeout: 20_000 }).toBe(1);
    };
    const none = { tenants: async () => Promise.reject(new Error('not asked for here')) };
    const here = looking(none);
    await write('r1');
    expect(await settled(here, 'audit_chain_broken')).toEqual([0]);
    await tamper(db.admin, "UPDATE audit.events SET subject = 'nobody' WHERE request_id = 'r1'");
    await write('r2');
    here.clock.advance(hourMs);
    await here.look();
    expect(here.found('audit_chain_broken')).toEqual([0]);
    await tamper(db.admin, "UPDATE audit.events SET subject = 'nobody' WHERE request_id = 'r2'");
    await write('r3');
    const later = looking(none);
    expect(await settled(later, 'audit_chain_broken')).toEqual([1]);
    here.clock.advance(23 * hourMs);
    await here.look();
    expect(here.found('audit_chain_broken')).toEqual([1]);
    await trail.close();
  }, 90_000);

  test('the last restore test counts, whatever the ones before', async () => {
    const run = (day: number, outcome: string) =>
      db.owner.script(
        `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome) VALUES ('restore-test', '2026-11-0${day}Z', now(), now(), '${outcome}')`,
      );
    const here = looking({ tenants: async () => Promise.reject(new Error('not asked for here')) });
    await run(1, 'done');
    await run(2, 'failed');
    expect(await settled(here, 'restore_test_failed')).toEqual([1]);
    await run(3, 'done');
    here.clock.advance(hourMs);
    await here.look();
    expect(here.found('restore_test_failed')).toEqual([0]);
  }, 90_000);

  test('without a login that may read it the trail is unknown, not whole', async () => {
    const here = looking({ session: undefined, config: loadConfig({}, { ENVIRONMENT: 'test', DATA_DIR: dataDir }) });
    await here.look();
    expect(here.found('audit_chain_broken')).toBeUndefined();
  });
});
