import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperationsDatabase } from '../../src/identity/operations-database.ts';
import { createMapPrincipal } from '../../src/identity/principal-scopes.ts';
import { resolvePrincipal } from '../../src/identity/tenant-scope.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { claims, directory, idsOf } from './zava-directory.ts';

const issuer = 'https://login.example.com/v2.0';
const token = (payload: Record<string, unknown> = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('any key: it was verified before'));

onEveryDatabase('principal scopes', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
    await db.owner.query(
      `INSERT INTO ops.principal_scopes (issuer, subject_or_group, roles, store_names, region_names) VALUES
       ($1, 'ann', '{store_manager}', '{"Zava Retail Seattle","Zava Retail Nowhere"}', '{}'),
       ($1, 'group-1', '{regional_manager}', '{}', '{"Puget Sound"}'),
       ('https://other.example.com', 'ann', '{super_admin}', '{}', '{}')`,
      [issuer],
    );
  });
  afterAll(() => db.close());

  const principalOf = async (subject: string, payload: Record<string, unknown> = {}, over = {}) => {
    const map = createMapPrincipal({ database: db.database, directory: async () => directory, clock: handClock() });
    const mapped = await map(claims({ issuer, subject, ...over }), await token(payload));
    return resolvePrincipal({ claims: mapped, header: [], directory, rules: retailDefinition });
  };

  test('give a subject its roles and stores; a store that does not exist grants nothing and is told', async () => {
    const { principal, ignored } = await principalOf('ann');
    expect(principal.roles).toEqual(['store_manager']);
    expect(idsOf(principal)).toEqual([1]);
    expect(ignored).toEqual([{ claim: 'allowed_stores', value: 'zava retail nowhere' }]);
  });

  test('give a member what the group has', async () => {
    const { principal } = await principalOf('bob', { groups: ['unknown', 'group-1'] });
    expect(principal.roles).toEqual(['regional_manager']);
    expect(idsOf(principal)).toEqual([1, 2, 6, 7]);
  });

  test('add up over subject, groups and token', async () => {
    const { principal } = await principalOf(
      'ann',
      { groups: ['group-1'] },
      { roles: ['store_manager'], tenantKeys: [directory[7]!.key] },
    );
    expect(principal.roles).toEqual(['regional_manager', 'store_manager']);
    expect(idsOf(principal)).toEqual([1, 2, 6, 7, 8]);
  });

  test('give a stranger nothing: no default store', async () => {
    const { principal } = await principalOf('mallory', { groups: [] });
    expect([principal.roles, idsOf(principal)]).toEqual([[], []]);
  });

  test('count for their own issuer only', async () => {
    const { principal } = await principalOf('ann', {}, { issuer: 'https://third.example.com' });
    expect(principal.roles).toEqual([]);
  });

  test.each([["ann' OR '1'='1"], ['{ann}'], ['ANN'], ['ann ']])('the subject %s is not ann', async (subject) => {
    expect((await principalOf(subject)).principal.roles).toEqual([]);
  });
});

describe('what the database said', () => {
  let clock: HandClock;
  let asked: unknown[];
  let fault: Error | undefined;
  beforeEach(() => {
    clock = handClock();
    asked = [];
    fault = undefined;
  });
  const database: OperationsDatabase = {
    query: async (_text, values) => {
      asked.push(values);
      if (fault !== undefined) throw fault;
      return [{ roles: '["super_admin"]', tenant_names: '[]', group_names: '[]' }];
    },
  };
  const mapper = () => createMapPrincipal({ database, directory: async () => directory, clock });

  test('of a caller counts for a minute', async () => {
    const map = mapper();
    const ann = claims({ subject: 'ann' });
    for (let call = 0; call < 10; call += 1) await map(ann, await token({ groups: ['g'] }));
    clock.advance(59_999);
    await map(ann, await token({ groups: ['g'] }));
    expect(asked).toEqual([['zava-auth', ['ann', 'g']]]);
    await map(claims({ subject: 'bob' }), await token());
    clock.advance(1);
    await map(ann, await token({ groups: ['g'] }));
    expect(asked).toHaveLength(3);
  });

  test('counts for ten minutes while the database is away; who was never looked up is refused', async () => {
    const map = mapper();
    const ann = claims({ subject: 'ann' });
    await map(ann, await token());
    fault = new Error('connection refused');
    clock.advance(600_000);
    expect((await map(ann, await token())).roles).toEqual(['super_admin']);
    await expect(map(claims({ subject: 'bob' }), await token())).rejects.toBe(fault);
    clock.advance(1);
    await expect(map(ann, await token())).rejects.toBe(fault);
  });

  test.each([['g'], [[1]], [{}], [null]])('groups of the wrong shape are refused, not coerced: %j', async (groups) => {
    await expect(mapper()(claims(), await token({ groups }))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(asked).toEqual([]);
  });
});
