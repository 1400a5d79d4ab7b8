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
        if (state.holder === undefined) return 'over';
        if (state.holder !== me) return 'held';
        state.holder = undefined;
        return 'mine';
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
type Servers = ReturnType<typeof twoServers>;
const bothBegin = async ({ a, b }: Servers) => [await a.begin(key), await b.begin(key)];
const bothEnd = async ({ a, b }: Servers) => [await a.end(key), await b.end(key)];

test('the first place settles it while it answers', async () => {
  const servers = twoServers();
  expect(await bothBegin(servers)).toEqual([true, false]);
  await servers.a.renew([key]);
  await servers.b.renew([key]);
  expect([servers.database.renewed, servers.redis.renewed]).toEqual([['a'], ['a']]);
  expect(await bothEnd(servers)).toEqual(['mine', 'over']);
});

test.each(['away', 'hangs'] as const)(
  'while the database %s the next place does, also of the end after its return',
  async (how) => {
    const servers = twoServers();
    servers.database[how] = true;
    expect(await bothBegin(servers)).toEqual([true, false]);
    servers.database[how] = false;
    expect(await bothEnd(servers)).toEqual(['mine', 'over']);
  },
);

test('one that sees it later, when another place is away, does not tell again', async () => {
  const late = twoServers();
  expect(await late.a.begin(key)).toBe(true);
  late.database.away = true;
  expect(await late.b.begin(key)).toBe(false);
  late.database.away = false;
  expect(await bothEnd(late)).toEqual(['mine', 'over']);
  const back = twoServers();
  back.database.away = true;
  expect(await back.a.begin(key)).toBe(true);
  back.database.away = false;
  await back.a.renew([key]);
  expect(await back.b.begin(key)).toBe(false);
  expect(await bothEnd(back)).toEqual(['mine', 'over']);
  expect([back.database.holder, back.redis.holder]).toEqual([undefined, undefined]);
});

test('nor does one that finds the first place back and empty', async () => {
  const servers = twoServers();
  servers.database.away = true;
  expect(await servers.a.begin(key)).toBe(true);
  servers.database.away = false;
  expect(await servers.b.begin(key)).toBe(false);
  expect(servers.database.holder).toBeUndefined();
  expect(await bothEnd(servers)).toEqual(['mine', 'over']);
});

test('where nobody can be asked, each server tells of the beginning, and of the end', async () => {
  const servers = twoServers();
  servers.database.away = true;
  servers.redis.away = true;
  expect(await bothBegin(servers)).toEqual([true, true]);
  servers.database.away = false;
  expect(await bothEnd(servers)).toEqual(['mine', 'mine']);
  await servers.a.renew([key]);
});

test('an end that cannot be settled is told by whoever told of the beginning', async () => {
  const servers = twoServers();
  await bothBegin(servers);
  servers.database.away = true;
  expect(await bothEnd(servers)).toEqual(['mine', 'over']);
});

test('an end that another one owes is asked for again, and told by whoever finds that one gone', async () => {
  const servers = twoServers();
  await bothBegin(servers);
  expect([await servers.b.end(key), await servers.b.end(key)]).toEqual(['held', 'held']);
  // As where nothing has been heard of it for too long.
  servers.database.holder = 'b';
  expect(await servers.b.end(key)).toBe('mine');
});
