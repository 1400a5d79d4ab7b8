import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adviseIndexes, type IndexReport } from '../../src/advisor/advise-indexes.ts';
import { stepsOf } from '../../src/advisor/apply-advice.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { type EmptyDatabase, embeddedTier, tiers } from '../support/databases.ts';
import { plants, sow, temptations } from './plants.ts';

const real = tiers.filter((tier) => tier !== embeddedTier).map((tier) => [tier.name, tier] as const);

/** Everything that is said of one table, one line a finding. */
function saidOf(report: IndexReport, table: string): string[] {
  const own = `harbour.${table}`;
  return [
    ...report.advice.filter((one) => one.table === own).map(({ create }) => create),
    ...report.standing.filter((one) => one.table === own).map(({ kind, index, why }) => `${kind} ${index}: ${why}`),
    ...report.statistics.filter((one) => one.table === own).map(({ remedy, why }) => `${remedy} ${why}`),
  ];
}

describe.each(real)('The index advisor on a schema that it has never seen, on %s', (_name, tier) => {
  let db: EmptyDatabase;
  let operator: OwnerSession;
  let report: IndexReport;
  // The images of compose.yaml have no hypopg.
  let measures = false;
  beforeAll(async () => {
    db = await tier.openEmpty();
    const login = (user: string) => openOwnerSession(db.address as never, { user: `zavatest_${user}`, password: db.password });
    const reader = await login('reader');
    operator = await login('operator');
    await sow(db.admin, reader);
    await reader.close();
    const [hypopg] = await db.admin.query("SELECT 1 AS there FROM pg_extension WHERE extname = 'hypopg'");
    measures = hypopg !== undefined;
    report = await adviseIndexes({ session: operator, schemas: ['harbour', 'extensions'], recommended: [] });
  }, 60_000);
  afterAll(async () => {
    await operator.close();
    await db.close();
  });

  beforeEach((context) => context.skip(!measures, 'there is no hypopg on this server'));

  test.each(plants)('finds $problem', ({ table, expected }) => {
    const said = saidOf(report, table);
    expect(said.filter((line) => expected.test(line))).toHaveLength(1);
  });

  test.each(temptations)('has nothing to say of $nothing', ({ table }) => {
    expect(saidOf(report, table)).toEqual([]);
  });

  test('tells with each what was measured, what it costs to keep, and whom it helps, without literals', () => {
    const [advice] = report.advice.filter(({ table }) => table === 'harbour.shipment');
    expect(advice).toMatchObject({
      measured: true,
      write_ms: 0,
      bytes: expect.any(Number),
      helps: [expect.objectContaining({ calls: 12 })],
    });
    const [help] = advice?.helps ?? [];
    expect(help?.text).toBe(
      'SELECT id, note FROM harbour.shipment WHERE berth = $1 AND arrived >= $2 ORDER BY arrived DESC LIMIT $3',
    );
    expect(help?.cost_after).toBeLessThan((help?.cost_before ?? 0) / 10);
    expect(JSON.stringify(report)).not.toMatch(/waiting|sea\.example|2026-01/);
  });

  test('says what it looked at and did not advise, with both figures', () => {
    expect(report.not_advised.filter(({ index }) => index.includes('harbour.whereabouts'))[0]?.reason).toMatch(
      /rows were written meanwhile: it would have cost/,
    );
  });

  test('estimates where hypopg is away, says so, and would build nothing by that', async () => {
    await db.admin.script('DROP EXTENSION hypopg');
    const estimated = await adviseIndexes({ session: operator, schemas: ['harbour', 'extensions'], recommended: [] });
    expect(estimated.notes.join()).toContain('hypopg is not set up here');
    expect(estimated.advice.every(({ measured }) => !measured)).toBe(true);
    expect(saidOf(estimated, 'shipment')).toContainEqual(expect.stringMatching(/ON harbour\.shipment \(berth, arrived\)$/));
    for (const { table } of temptations) expect([table, saidOf(estimated, table)]).toEqual([table, []]);
    expect(
      stepsOf(estimated).filter((step) => step.kind === 'build' && step.create.startsWith('CREATE INDEX CONCURRENTLY idx_')),
    ).toEqual([]);
  });
});
