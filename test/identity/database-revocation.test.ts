import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AppError } from '../../src/core/errors.ts';
import { createDatabaseRevocation } from '../../src/identity/database-revocation.ts';
import { createRevocationList } from '../../src/identity/revocation.ts';
import { revokeTokens } from '../../src/identity/revoke-tokens.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { claims } from './zava-directory.ts';

onEveryDatabase('revocations', (tier) => {
  let db: TestDatabase;
  let clock: HandClock;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    // The database has its own clock, and expiry is judged by it.
    clock = handClock(Date.now());
    await db.owner.query('DELETE FROM ops.revocations');
  });

  const replica = () => {
    const store = createDatabaseRevocation({ database: db.database, clock });
    const { check } = createRevocationList({ stores: [store], clock, note: () => {} });
    const outcome = (tokenId: string, issuedAt = 0) =>
      check(claims({ tokenId, issuedAt })).then(
        () => 'good',
        (error: AppError) => error.code,
      );
    const revoke = (request: Parameters<typeof revokeTokens>[0]) =>
      revokeTokens(request, { database: store, clock, note: () => {} });
    return { store, outcome, revoke };
  };

  test('on one replica hold on the other within five seconds, and after a restart', async () => {
    const [a, b] = [replica(), replica()];
    expect(await b.outcome('j1')).toBe('good');
    await a.revoke({ jti: 'j1', reason: 'O’Brien lost it; -- \u{1F511}' });
    clock.advance(4900);
    expect(await b.outcome('j1')).toBe('unauthenticated');
    expect(await b.outcome('j2')).toBe('good');
    expect(await replica().outcome('j1')).toBe('unauthenticated');
  });

  test('of a subject keep the moment to the millisecond', async () => {
    const { revoke, store } = replica();
    const revocation = await revoke({ subject: 'ann', reason: 'left' });
    expect(await store.news()).toEqual([revocation]);
  });

  test('that commit late, behind a higher id, are not missed', async () => {
    const { store } = replica();
    await db.owner.query("INSERT INTO ops.revocations (jti, expires_at) VALUES ('early', now() + interval '1 day')");
    const [{ id = '0' } = {}] = await db.owner.query('SELECT max(revocation_id) + 1 AS id FROM ops.revocations');
    await db.owner.query(
      `INSERT INTO ops.revocations (revocation_id, jti, expires_at) OVERRIDING SYSTEM VALUE
       VALUES ($1::bigint + 1, 'late but higher', now() + interval '1 day')`,
      [id],
    );
    expect((await store.news()).map(({ value }) => value)).toEqual(['early', 'late but higher']);
    clock.advance(30_000);
    await db.owner.query(
      `INSERT INTO ops.revocations (revocation_id, jti, expires_at) OVERRIDING SYSTEM VALUE
       VALUES ($1::bigint, 'lower', now() + interval '1 day')`,
      [id],
    );
    expect((await store.news()).map(({ value }) => value)).toContain('lower');
    await db.owner.query("SELECT setval(pg_get_serial_sequence('ops.revocations', 'revocation_id'), $1::bigint + 10)", [id]);
  });

  test('that are old are not read again', async () => {
    const { store, revoke } = replica();
    await revoke({ jti: 'j1' });
    expect(await store.news()).toHaveLength(1);
    clock.advance(60_000);
    await store.news();
    clock.advance(60_000);
    expect(await store.news()).toHaveLength(0);
    await revoke({ jti: 'j2' });
    expect((await store.news()).map(({ value }) => value)).toEqual(['j2']);
  });

  test('are deleted two minutes after their tokens have expired, and not before', async () => {
    await db.owner.query(
      `INSERT INTO ops.revocations (jti, expires_at)
       VALUES ('gone', now() - interval '3 minutes'), ('just expired', now() - interval '1 minute')`,
    );
    const { store } = replica();
    await store.news();
    expect(await db.owner.query('SELECT jti FROM ops.revocations')).toEqual([{ jti: 'just expired' }]);
  });
});
