import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createAuthenticate } from '../../src/identity/authenticate.ts';
import type { MapPrincipal } from '../../src/identity/principal-scopes.ts';
import { createToolLimit } from '../../src/identity/tool-limit.ts';
import { notAccepted, type VerifiedClaims } from '../../src/identity/verified-claims.ts';
import { createMemoryRateStore } from '../../src/resilience/memory-rate-store.ts';
import { createRateLimiter } from '../../src/resilience/rate-limiter.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { claims, directory, idsOf, keyOf } from './zava-directory.ts';

let clock: HandClock;
let observations: Observation[];
let revoked: boolean;
let mapPrincipal: MapPrincipal | undefined;
/** What the tokens of these tests say. */
let tokens: Record<string, VerifiedClaims>;
beforeEach(() => {
  clock = handClock();
  observations = [];
  revoked = false;
  mapPrincipal = undefined;
  tokens = {
    manager: claims({ roles: ['store_manager'], tenantKeys: [keyOf(1), keyOf(2)] }),
    root: claims({ subject: 'root', roles: ['super_admin'] }),
  };
});

function authenticator({ perMinute = 60, burst = 2, failures = 3 } = {}) {
  const store = createMemoryRateStore({ clock });
  const authenticate = createAuthenticate({
    verifier: {
      verify: async (token) => {
        const known = tokens[token];
        if (known === undefined) throw notAccepted('it is not a token that this server trusts');
        return known;
      },
    },
    revocations: {
      check: async () => {
        if (revoked) throw notAccepted('it has been revoked');
      },
    },
    mapPrincipal,
    directory: async () => directory,
    rules: retailDefinition,
    limits: {
      subject: createRateLimiter({ name: 'calls', store, perMinute, burst }).take,
      failedAuthentication: createRateLimiter({ name: 'failed authentications', store, perMinute: failures }).take,
      privilegedFactor: 3,
    },
    note: (observation) => observations.push(observation),
  });
  return (token: string, tenantHeader: readonly string[], peer: string | undefined) =>
    authenticate({ token, tenantHeader, peer, requestId: 'r1' });
}
const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'good',
    (error: AppError) => error.code,
  );

const recognised = { kind: 'caller_recognised', requestId: 'r1', subject: 'ann', peer: '10.0.0.1' };

test('a good token gives its principal, and who came from where is noted', async () => {
  const principal = await authenticator()('manager', [], '10.0.0.1');
  expect(idsOf(principal)).toEqual([1, 2]);
  expect(observations).toEqual([recognised]);
});

test('whom no address is known of is not noted', async () => {
  await authenticator()('manager', [], undefined);
  expect(observations).toEqual([]);
});

test('a narrowed scope is noted', async () => {
  await authenticator()('manager', [keyOf(2)], '10.0.0.1');
  expect(observations).toEqual([
    { kind: 'scope_narrowed', requestId: 'r1', subject: 'ann', roles: ['store_manager'], tenantIds: [2] },
    recognised,
  ]);
});

describe('each step', () => {
  const refused = () => observations.filter(({ kind }) => kind === 'access_refused');
  const foreign = [keyOf(8)];

  test('refuses in its order: a call with several faults gets the answer of the earliest', async () => {
    const authenticate = authenticator({ burst: 1 });
    await authenticate('manager', [], '10.0.0.1');
    revoked = true;
    expect(await outcome(authenticate('nobody', foreign, '10.0.0.1'))).toBe('unauthenticated');
    expect(await outcome(authenticate('manager', foreign, '10.0.0.1'))).toBe('unauthenticated');
    revoked = false;
    expect(await outcome(authenticate('manager', foreign, '10.0.0.1'))).toBe('rate_limited');
    clock.advance(1000);
    expect(await outcome(authenticate('manager', foreign, '10.0.0.1'))).toBe('forbidden');
    expect(refused().map((each) => 'step' in each && each.step)).toEqual(['token', 'revocation', 'rate_limit', 'scope']);
  });

  test('notes its refusal once, with all that is known by then', async () => {
    const authenticate = authenticator();
    await outcome(authenticate('nobody', [], '10.0.0.1'));
    await outcome(authenticate('manager', foreign, undefined));
    expect(observations).toEqual([
      {
        kind: 'access_refused',
        requestId: 'r1',
        step: 'token',
        code: 'unauthenticated',
        message: 'The access token is not accepted: it is not a token that this server trusts',
        peer: '10.0.0.1',
      },
      {
        kind: 'access_refused',
        requestId: 'r1',
        step: 'scope',
        code: 'forbidden',
        message: 'The x-rls-user-id header names a tenant outside your scope',
        subject: 'ann',
        tenantKey: keyOf(8),
      },
    ]);
  });

  test('tells of no tenant where the header names none', async () => {
    await outcome(authenticator()('manager', ['<script>'], '10.0.0.1'));
    await outcome(authenticator()('manager', [keyOf(8), keyOf(2)], '10.0.0.1'));
    expect(refused().map((each) => 'tenantKey' in each && each.tenantKey)).toEqual([false, keyOf(8)]);
  });

  test('lets a fault of ours through as it is, and notes no refusal', async () => {
    const bug = new TypeError('x is not a function');
    mapPrincipal = async () => Promise.reject(bug);
    await expect(authenticator()('manager', [], '10.0.0.1')).rejects.toBe(bug);
    expect(observations).toEqual([]);
  });
});

describe('the limit of a subject', () => {
  test('is the same for all of its tokens, and three times as high for a role that sees everything', async () => {
    tokens.other = claims({ tokenId: 'token-2', roles: ['store_manager'], tenantKeys: [keyOf(1)] });
    const authenticate = authenticator({ burst: 2 });
    const several = async (names: string[]) => Promise.all(names.map((name) => outcome(authenticate(name, [], '10.0.0.1'))));
    expect(await several(['manager', 'other', 'manager'])).toEqual(['good', 'good', 'rate_limited']);
    expect(await several(Array(7).fill('root'))).toEqual([...Array(6).fill('good'), 'rate_limited']);
  });

  test('knows roles that the directory of the operator gave', async () => {
    mapPrincipal = async (seen) => ({ ...seen, roles: ['super_admin'] });
    const authenticate = authenticator({ burst: 1 });
    for (let call = 0; call < 3; call += 1) expect(idsOf(await authenticate('manager', [], undefined))).toHaveLength(8);
    expect(await outcome(authenticate('manager', [], undefined))).toBe('rate_limited');
  });
});

describe('failed authentications', () => {
  test('of one address are answered 429 past the limit, and the stated time is sufficient', async () => {
    const authenticate = authenticator({ failures: 3 });
    for (let call = 0; call < 3; call += 1) expect(await outcome(authenticate('nobody', [], '10.0.0.1'))).toBe('unauthenticated');
    const error = await authenticate('nobody', [], '10.0.0.1').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 20_000 });
    expect(await outcome(authenticate('nobody', [], '10.0.0.2'))).toBe('unauthenticated');
    clock.advance(20_000);
    expect(await outcome(authenticate('nobody', [], '10.0.0.1'))).toBe('unauthenticated');
  });

  test('of a neighbour do not shut out who has a good token', async () => {
    const authenticate = authenticator({ failures: 1 });
    for (let call = 0; call < 5; call += 1) await outcome(authenticate('nobody', [], '10.0.0.1'));
    expect(await outcome(authenticate('manager', [], '10.0.0.1'))).toBe('good');
  });

  test('count for a whole network under IPv6', async () => {
    const authenticate = authenticator({ failures: 1 });
    expect(await outcome(authenticate('nobody', [], '2001:db8:0:1::1'))).toBe('unauthenticated');
    expect(await outcome(authenticate('nobody', [], '2001:db8:0:1:ffff::2'))).toBe('rate_limited');
    expect(await outcome(authenticate('nobody', [], '2001:db8:0:2::1'))).toBe('unauthenticated');
  });

  test('do not count refusals of another kind', async () => {
    const authenticate = authenticator({ failures: 1 });
    await outcome(authenticate('manager', [keyOf(8)], '10.0.0.1'));
    expect(await outcome(authenticate('nobody', [], '10.0.0.1'))).toBe('unauthenticated');
  });
});

describe('the limit of a tool', () => {
  const limit = () => {
    const store = createMemoryRateStore({ clock });
    const limiter = (name: string) => createRateLimiter({ name, store, perMinute: 2 }).take;
    return createToolLimit({
      tenantRows: limiter('SQL queries'),
      tools: { semantic_search_products: limiter('searches') },
      rules: retailDefinition,
      privilegedFactor: 3,
    });
  };
  const principal = (role: string) => ({ subject: role, roles: [role], permissions: new Set<string>(), tenants: [] });

  test('counts calls of that tool alone', async () => {
    const limitTool = limit();
    const call = (name: string) => outcome(limitTool(principal('store_manager'), { name, needsTenants: false }));
    for (const expected of ['good', 'good', 'rate_limited']) expect(await call('semantic_search_products')).toBe(expected);
    for (const tool of ['get_current_utc_date', 'constructor', 'get_current_utc_date']) expect(await call(tool)).toBe('good');
  });

  test('counts whatever reads tenants’ rows together, the operator’s own tools too', async () => {
    const limitTool = limit();
    const call = (name: string) => outcome(limitTool(principal('store_manager'), { name, needsTenants: true }));
    for (const tool of ['execute_sales_query', 'get_repeat_customers']) expect(await call(tool)).toBe('good');
    for (const tool of ['execute_sales_query', 'get_repeat_customers', 'constructor']) {
      expect(await call(tool)).toBe('rate_limited');
    }
  });

  test('is three times as high for a role that sees everything', async () => {
    const limitTool = limit();
    const query = { name: 'execute_sales_query', needsTenants: true };
    const calls = Array.from({ length: 7 }, () => outcome(limitTool(principal('super_admin'), query)));
    expect(await Promise.all(calls)).toEqual([...Array(6).fill('good'), 'rate_limited']);
  });
});

test('a refusal is an AppError', async () => {
  await expect(authenticator()('nobody', [], undefined)).rejects.toBeInstanceOf(AppError);
});
