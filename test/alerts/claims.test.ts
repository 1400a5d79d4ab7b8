import { expect, test } from 'vitest';
import { type ClaimPlace, createClaims } from '../../src/alerts/claims.ts';

const key = '["database_down","critical"]';

/** Two servers' views of one place that can be taken away from both. */
function sharedPlace() {
  const state = { away: false, hangs: false, holder: undefined as string | undefined, renewed: [] as string[] };
  const answer = async <T>(value: () => T): Promise<T> => {
    if (state.hangs) return new Promise(() => {});
    if (state.away) throw new Error('connection refused');
    return value();
  };
  const placeOf = (me: string): ClaimPlace => ({
    begin: () =>
      answer(() => {
        state.holder ??= me;
        return state.holder === me;
      }),
    end: () =>
      answer(() => {
        const mine = state.holder === me;
        if (mine) state.holder = undefined;
        return mine;
      }),
    renew: (alerts) =>
      answer(() => {
        state.holder ??= me;
        state.renewed.push(...alerts.map(() => me));
      }),
  });
  return { state, placeOf };
}

function twoServers() {
  const [database, redis] = [sharedPlace(), sharedPlace()];
  const server = (me: string) => createClaims({ places: [database.placeOf(me), redis.placeOf(me)], limitMs: 50 });
  return { database: database.state, redis: redis.state, a: server('a'), b: server('b') };
}
const both = async ({ a, b }: ReturnType<typeof twoServers>, kind: 'firing' | 'resolved') => [
  await a.take(key, kind),
  await b.take(key, kind),
];

test('the first place settles it while it answers', async () => {
  const servers = twoServers();
  expect(await both(servers, 'firing')).toEqual([true, false]);
  await servers.a.renew([key]);
  await servers.b.renew([key]);
  expect([servers.database.renewed, servers.redis.renewed]).toEqual([['a'], ['a']]);
  expect(await both(servers, 'resolved')).toEqual([true, false]);
});

test.each(['away', 'hangs'] as const)(
  'while the database %s the next place does, also of the end after its return',
  async (how) => {
    const servers = twoServers();
    servers.database[how] = true;
    expect(await both(servers, 'firing')).toEqual([true, false]);
    servers.database[how] = false;
    expect(await both(servers, 'resolved')).toEqual([true, false]);
  },
);

test('one that sees it later, when another place is away, does not tell again', async () => {
  const late = twoServers();
  expect(await late.a.take(key, 'firing')).toBe(true);
  late.database.away = true;
  expect(await late.b.take(key, 'firing')).toBe(false);
  late.database.away = false;
  expect(await both(late, 'resolved')).toEqual([true, false]);
  const back = twoServers();
  back.database.away = true;
  expect(await back.a.take(key, 'firing')).toBe(true);
  back.database.away = false;
  await back.a.renew([key]);
  expect(await back.b.take(key, 'firing')).toBe(false);
  expect(await both(back, 'resolved')).toEqual([true, false]);
  expect([back.database.holder, back.redis.holder]).toEqual([undefined, undefined]);
});

test('nor does one that finds the first place back and empty', async () => {
  const servers = twoServers();
  servers.database.away = true;
  expect(await servers.a.take(key, 'firing')).toBe(true);
  servers.database.away = false;
  expect(await servers.b.take(key, 'firing')).toBe(false);
  expect(servers.database.holder).toBeUndefined();
  expect(await both(servers, 'resolved')).toEqual([true, false]);
});

test('where nobody can be asked, each server tells of the beginning, and of the end', async () => {
  const servers = twoServers();
  servers.database.away = true;
  servers.redis.away = true;
  expect(await both(servers, 'firing')).toEqual([true, true]);
  servers.database.away = false;
  expect(await both(servers, 'resolved')).toEqual([true, true]);
  await servers.a.renew([key]);
});

test('an end that cannot be settled is told by whoever told of the beginning', async () => {
  const servers = twoServers();
  await both(servers, 'firing');
  servers.database.away = true;
  expect(await both(servers, 'resolved')).toEqual([true, false]);
});
