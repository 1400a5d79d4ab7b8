import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimName } from '../../src/alerts/claims.ts';
import { createDatabaseClaims } from '../../src/alerts/database-claims.ts';
import { claimPlaceContract } from '../contracts/claim-place.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

const cooldownMs = 15 * 60_000;
const silentMs = 90_000;

onEveryDatabase('who tells of an alert, settled in the database:', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  beforeEach(() => db.owner.query('DELETE FROM ops.alert_notices'));
  afterAll(() => db.close());
  const placeOf = (holder: string) => createDatabaseClaims({ database: db.database, holder, cooldownMs, silentMs });
  const age = (minutes: number) =>
    db.owner.script(
      `UPDATE ops.alert_notices SET notified_at = notified_at - interval '${minutes} minutes', seen_at = seen_at - interval '${minutes} minutes'`,
    );

  claimPlaceContract(async () => ({ places: [placeOf('a'), placeOf('b')], age }));

  test('the table holds no names, and forgets', async () => {
    const a = placeOf('a');
    await a.begin(claimName('jane'));
    expect(await db.owner.query('SELECT alert, holder FROM ops.alert_notices')).toEqual([
      { alert: claimName('jane'), holder: 'a' },
    ]);
    await age(8 * 24 * 60);
    await a.begin(claimName('another'));
    expect(await db.owner.query('SELECT alert FROM ops.alert_notices')).toEqual([{ alert: claimName('another') }]);
  });
});
