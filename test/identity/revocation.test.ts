import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createRevocationList, type Revocation, type RevocationStore } from '../../src/identity/revocation.ts';
import { revokeTokens } from '../../src/identity/revoke-tokens.ts';
import type { VerifiedClaims } from '../../src/identity/verified-claims.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { claims } from './zava-directory.ts';

/** A store of a few lines that can be away, or hang. */
function memoryStore() {
  const kept: Revocation[] = [];
  const store = {
    kept,
    reads: 0,
    state: 'up' as 'up' | 'down' | 'hangs',
    async add(revocation: Revocation) {
      if (store.state !== 'up') throw new Error('connection refused');
      kept.push(revocation);
    },
    async news() {
      store.reads += 1;
      if (store.state === 'hangs') return new Promise<never>(() => {});
      if (store.state === 'down') throw new Error('connection refused');
      return kept;
    },
  } satisfies RevocationStore & { [key: string]: unknown };
  return store;
}

let clock: HandClock;
let observations: Observation[];
let database: ReturnType<typeof memoryStore>;
const note = (observation: Observation) => observations.push(observation);
beforeEach(() => {
  clock = handClock();
  observations = [];
  database = memoryStore();
});

const nowSeconds = () => Math.floor(clock.now() / 1000);
const ann = (over: Partial<VerifiedClaims> = {}) => claims({ tokenId: 'j1', issuedAt: nowSeconds(), ...over });
const list = (...stores: RevocationStore[]) =>
  createRevocationList({ stores: stores.length > 0 ? stores : [database], clock, note });
const revoke = (request: Parameters<typeof revokeTokens>[0], redis?: RevocationStore) =>
  revokeTokens(request, { database, redis, clock, note });
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'good',
    (error: AppError) => error.code,
  );

describe('a revoked token', () => {
  test('is refused by its id, and others of its subject are not', async () => {
    await revoke({ jti: 'j1', reason: 'lost laptop' });
    const { check } = list();
    expect(await outcome(check(ann()))).toBe('unauthenticated');
    expect(await outcome(check(ann({ tokenId: 'j2' })))).toBe('good');
    expect(await outcome(check(ann({ tokenId: undefined })))).toBe('good');
  });

  test('is refused by its subject, when it was issued up to then', async () => {
    const before = ann();
    clock.advance(5500);
    const sameSecond = ann();
    await revoke({ subject: 'ann' });
    clock.advance(500);
    const { check } = list();
    expect(await outcome(check(before))).toBe('unauthenticated');
    expect(await outcome(check(sameSecond))).toBe('unauthenticated');
    expect(await outcome(check(ann()))).toBe('good');
    expect(await outcome(check(ann({ subject: 'bob', issuedAt: 0 })))).toBe('good');
  });

  test('a subject that is called like a token id is another matter', async () => {
    await revoke({ jti: 'ann' });
    expect(await outcome(list().check(ann()))).toBe('good');
  });

  test('stays revoked when the subject is revoked again with an older or shorter entry', async () => {
    const { check } = list();
    const entry = { by: 'subject', value: 'ann', reason: '' } as const;
    database.kept.push({ ...entry, revokedAt: clock.now(), expiresAt: clock.now() + 1e6 });
    database.kept.push({ ...entry, revokedAt: clock.now() - 1e6, expiresAt: clock.now() + 1 });
    expect(await outcome(check(ann()))).toBe('unauthenticated');
  });

  test('is forgotten only when it has expired by the most generous clock', async () => {
    await revoke({ jti: 'j1', keepDays: 1 });
    const { check } = list();
    await outcome(check(ann()));
    database.kept.length = 0;
    clock.advance(86_400_000 + 60_000);
    expect(await outcome(check(ann()))).toBe('unauthenticated');
    clock.advance(1001);
    await outcome(check(ann()));
    expect(await outcome(check(ann()))).toBe('good');
  });
});

describe('the list', () => {
  test('is in memory: many calls are one reading', async () => {
    const { check } = list();
    await Promise.all(Array.from({ length: 50 }, () => check(ann())));
    clock.advance(999);
    await check(ann());
    expect(database.reads).toBe(1);
  });

  test('is read again each second while calls go on, and calls see what is three seconds old at most', async () => {
    const { check } = list();
    await check(ann());
    await revoke({ jti: 'j1' });
    clock.advance(3000);
    expect(await outcome(check(ann()))).toBe('unauthenticated');
  });

  test('is read behind the back of a call that comes within three seconds', async () => {
    const { check } = list();
    await check(ann());
    await revoke({ jti: 'j1' });
    clock.advance(1000);
    expect(await outcome(check(ann()))).toBe('good');
    await new Promise(setImmediate);
    expect(await outcome(check(ann()))).toBe('unauthenticated');
  });

  test('that cannot be read still counts for a minute; then calls are refused, and recover', async () => {
    await revoke({ jti: 'j1' });
    const { check } = list();
    expect(await outcome(check(ann({ tokenId: 'j2' })))).toBe('good');
    database.state = 'down';
    clock.advance(59_999);
    expect(await outcome(check(ann({ tokenId: 'j2' })))).toBe('good');
    expect(await outcome(check(ann()))).toBe('unauthenticated');
    clock.advance(1001);
    expect(await outcome(check(ann({ tokenId: 'j2' })))).toBe('dependency_unavailable');
    expect(await outcome(check(ann()))).toBe('unauthenticated');
    expect(observations.filter(({ kind }) => kind === 'fault_met')).toHaveLength(1);
    database.state = 'up';
    clock.advance(1000);
    expect(await outcome(check(ann({ tokenId: 'j2' })))).toBe('good');
  });

  test('that could never be read refuses every call', async () => {
    database.state = 'down';
    expect(await outcome(list().check(ann()))).toBe('dependency_unavailable');
  });

  test('is not asked for more often than once a second while it fails', async () => {
    database.state = 'down';
    const { check } = list();
    for (let call = 0; call < 20; call += 1) await outcome(check(ann()));
    expect(database.reads).toBe(1);
  });

  test('that hangs holds a call up for a second, not for ever', async () => {
    const { check } = list();
    await check(ann());
    database.state = 'hangs';
    clock.advance(5000);
    const started = performance.now();
    expect(await outcome(check(ann()))).toBe('good');
    expect(performance.now() - started).toBeLessThan(3000);
    clock.advance(1000);
    const again = performance.now();
    expect(await outcome(check(ann()))).toBe('good');
    expect(performance.now() - again).toBeLessThan(500);
  });

  test('comes from the second store while the first is away', async () => {
    const redis = memoryStore();
    await revoke({ jti: 'j1' }, redis);
    database.state = 'down';
    const { check } = list(database, redis);
    expect(await outcome(check(ann()))).toBe('unauthenticated');
    expect(await outcome(check(ann({ tokenId: 'j2' })))).toBe('good');
  });
});

describe('revoking', () => {
  test('is told to the audit trail, with the reason', async () => {
    await revoke({ subject: 'ann', reason: 'left' });
    expect(observations).toEqual([{ kind: 'tokens_revoked', by: 'subject', value: 'ann', reason: 'left' }]);
  });

  test('needs the database', async () => {
    database.state = 'down';
    const redis = memoryStore();
    await expect(revoke({ jti: 'j1' }, redis)).rejects.toThrow('connection refused');
    expect(redis.kept).toEqual([]);
  });

  test('does not need Redis', async () => {
    const redis = memoryStore();
    redis.state = 'down';
    await revoke({ jti: 'j1' }, redis);
    expect(database.kept).toHaveLength(1);
    expect(observations.map(({ kind }) => kind)).toEqual(['tokens_revoked', 'fault_met']);
  });

  test.each<[string, Parameters<typeof revokeTokens>[0]]>([
    ['nothing', {}],
    ['both', { jti: 'j1', subject: 'ann' }],
    ['an empty name', { jti: '' }],
    ['a name without end', { jti: 'x'.repeat(1001) }],
    ['a reason without end', { jti: 'j1', reason: 'x'.repeat(1001) }],
    ['no time', { jti: 'j1', keepDays: 0 }],
    ['a time that is no number', { jti: 'j1', keepDays: Number.NaN }],
    ['for ever', { jti: 'j1', keepDays: 1e9 }],
  ])('%s is refused', async (_what, request) => {
    const error = await revoke(request).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('invalid_input');
    expect(database.kept).toEqual([]);
  });
});
