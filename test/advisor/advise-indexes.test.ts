import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adviseIndexes, type IndexReport } from '../../src/advisor/advise-indexes.ts';
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
  beforeAll(async () => {
    db = await tier.openEmpty();
    const login = (user: string) => openOwnerSession(db.address as never, { user: `zavatest_${user}`, password: db.password });
    const reader = await login('reader');
    operator = await login('operator');
    await sow(db.admin, reader);
    await reader.close();
    report = await adviseIndexes({ session: operator, schemas: ['harbour', 'extensions'], recommended: [] });
  }, 60_000);
  afterAll(async () => {
    await operator.close();
    await db.close();
  });

  test.each(plants)('finds $problem', ({ table, expected }) => {
    const said = saidOf(report, table);
    if (!said.some((line) => expected.test(line)))
      console.log(table, JSON.stringify(said), JSON.stringify(report.not_advised.filter(({ index }) => index.includes(table))));
    expect(said.filter((line) => expected.test(line))).toHaveLength(1);
  });

  test.each(temptations)('has nothing to say of $nothing', ({ table }) => {
    expect(saidOf(report, table)).toEqual([]);
  });
});
