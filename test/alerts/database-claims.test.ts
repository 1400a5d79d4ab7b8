import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimName } from '../../src/alerts/claims.ts';
import { createDatabaseClaims } from '../../src/alerts/database-claims.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

const key = '["breaker_open","high",["dependency","database"]]';
const cooldownMs = 15 * 60_000;

onEveryDatabase('who tells of an alert', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  beforeEach(() => db.owner.query('DELETE FROM ops.alert_notices'));
  afterAll(() => db.close());
  const servers = () =>
    (['a', 'b'] as const).map((holder) => createDatabaseClaims({ database: db.database, holder, cooldownMs, limitMs: 10_000 }));
  const age = (interval: string) =>
    db.owner.script(
      `UPDATE ops.alert_notices SET notified_at = notified_at - interval '${interval}', seen_at = seen_at - interval '${interval}'`,
    );

  test('is one of all that see it, until the cooldown is over', async () => {
    const [a, b] = servers();
    const won = await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? a : b)?.take(key, 'firing')));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await b?.take('another', 'firing')).toBe(true);
    await age('15 minutes');
    expect(await b?.take(key, 'reminder')).toBe(true);
    expect(await a?.take(key, 'reminder')).toBe(false);
  });

  test('is who told of the beginning when it ends; another one where that is not heard of, and once', async () => {
    const [a, b] = servers();
    await a?.take(key, 'firing');
    expect(await b?.take(key, 'resolved')).toBe(false);
    expect(await a?.take(key, 'resolved')).toBe(true);
    expect(await a?.take(key, 'resolved')).toBe(false);
    await age('1 hour');
    await a?.take(key, 'firing');
    await age('2 minutes');
    await a?.renew([key]);
    expect(await b?.take(key, 'resolved')).toBe(false);
    await age('2 minutes');
    expect(await b?.take(key, 'resolved')).toBe(true);
    expect(await b?.take(key, 'resolved')).toBe(false);
  });

  test('the table holds no names, and forgets', async () => {
    const [a] = servers();
    await a?.take(key, 'firing');
    expect(await db.owner.query('SELECT alert, holder FROM ops.alert_notices')).toEqual([{ alert: claimName(key), holder: 'a' }]);
    await age('8 days');
    await a?.take('another', 'firing');
    expect(await db.owner.query('SELECT alert FROM ops.alert_notices')).toEqual([{ alert: claimName('another') }]);
  });
});

test('where the database does not answer, every server tells', async () => {
  const hangs = { query: () => new Promise<never>(() => {}) };
  const fails = { query: async () => Promise.reject(new Error('connection refused')) };
  for (const database of [hangs, fails]) {
    const claims = createDatabaseClaims({ database, holder: 'a', cooldownMs, limitMs: 20 });
    expect(await claims.take(key, 'firing')).toBe(true);
    expect(await claims.take(key, 'resolved')).toBe(true);
    await claims.renew([key]);
  }
});
