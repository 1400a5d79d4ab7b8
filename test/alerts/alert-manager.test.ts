import { describe, expect, test } from 'vitest';
import type { EndClaim, NoticeClaims } from '../../src/alerts/claims.ts';
import { changed, healthy, one, watched } from './fakes.ts';

const minute = 60_000;
const down = changed({ facts: { database_unhealthy: one(1) } });
const broken = changed({ facts: { isolation_broken: one(2) } });
const hot = changed({ gauges: { system_cpu_usage_percent: 99 } });

describe('one alert, from its beginning to its end', () => {
  test('is told once, is quiet, and its end is told once', async () => {
    const { set, pass, told, sent } = watched();
    await pass(5 * minute);
    set(down);
    await pass(5 * minute);
    expect(told()).toEqual([]);
    await pass(10 * minute);
    expect(told()).toEqual(['firing database_down']);
    set(healthy);
    await pass(30 * minute);
    expect(told()).toEqual(['firing database_down', 'resolved database_down']);
    expect(sent[1]).toMatchObject({
      startedAt: '2026-11-22T00:10:00.000Z',
      endedAt: '2026-11-22T00:20:15.000Z',
      server: 'server 1',
    });
  });

  test('is repeated a few times and then no more, however long it lasts', async () => {
    const { set, pass, told } = watched();
    set(broken);
    await pass(14 * minute);
    expect(told()).toEqual(['firing isolation_broken']);
    await pass(24 * 60 * minute);
    expect(told()).toEqual(['firing isolation_broken', ...Array.from({ length: 3 }, () => 'reminder isolation_broken')]);
    set(healthy);
    await pass(minute);
    expect(told().at(-1)).toBe('resolved isolation_broken');
  });

  test('of medium or low severity ends without a word', async () => {
    const { set, pass, told, manager } = watched();
    set(hot);
    await pass(11 * minute);
    set(healthy);
    await pass(2 * minute);
    expect(told()).toEqual(['firing high_cpu']);
    expect(manager.events().map(({ notice, told: how }) => [notice.kind, how])).toEqual([
      ['resolved', 'quiet'],
      ['firing', 'channels'],
    ]);
  });

  test('that passes before its time is none', async () => {
    const { set, pass, told, manager } = watched();
    set(down);
    await pass(4 * minute);
    set(healthy);
    await pass(15_000);
    set(down);
    await pass(4 * minute);
    expect([told(), manager.events()]).toEqual([[], []]);
  });
});

describe('what goes up and down', () => {
  test('one good sample resolves nothing', async () => {
    const { set, pass, told } = watched();
    set(broken);
    await pass(minute);
    for (let times = 0; times < 10; times += 1) {
      set(healthy);
      await pass(15_000);
      set(broken);
      await pass(15_000);
    }
    expect(told()).toEqual(['firing isolation_broken']);
  });

  test('flapping is told of once in a cooldown, and stands in the history', async () => {
    const { set, pass, told, manager } = watched();
    for (let times = 0; times < 10; times += 1) {
      set(broken);
      await pass(30_000);
      set(healthy);
      await pass(30_000);
    }
    expect(told()).toEqual(['firing isolation_broken', 'resolved isolation_broken']);
    const events = manager.events().map(({ notice, told: how }) => `${notice.kind} ${how}`);
    expect(events.filter((event) => event === 'firing quiet')).toHaveLength(9);
    expect(events.filter((event) => event === 'resolved quiet')).toHaveLength(9);
  });

  test('what comes back within the cooldown and stays is told of when that is over', async () => {
    const { set, pass, told } = watched();
    set(broken);
    await pass(minute);
    set(healthy);
    await pass(minute);
    set(broken);
    await pass(10 * minute);
    expect(told()).toEqual(['firing isolation_broken', 'resolved isolation_broken']);
    await pass(5 * minute);
    expect(told().at(-1)).toBe('firing isolation_broken');
    set(healthy);
    await pass(minute);
    expect(told().at(-1)).toBe('resolved isolation_broken');
  });
});

describe('a metric that is missing', () => {
  const unknown = changed({ facts: { database_unhealthy: undefined, isolation_broken: undefined } });

  test('does not resolve what fires, and does not fire what is pending', async () => {
    const { set, pass, told, manager } = watched();
    set(changed({ facts: { database_unhealthy: one(1), isolation_broken: one(1) } }));
    await pass(minute);
    set(unknown);
    await pass(13 * minute);
    expect(told()).toEqual(['firing isolation_broken']);
    const states = manager.status().map(({ rule, state }) => [rule, state]);
    expect(states).toContainEqual(['isolation_broken', 'firing']);
    expect(states).toContainEqual(['database_down', 'pending']);
    set(healthy);
    await pass(minute);
    expect(told().at(-1)).toBe('resolved isolation_broken');
  });

  test('time in which nothing was known does not count', async () => {
    const { set, pass, told } = watched();
    set(down);
    await pass(3 * minute);
    set(unknown);
    await pass(10 * minute);
    set(down);
    await pass(2 * minute);
    expect(told()).toEqual([]);
    await pass(minute);
    expect(told()).toEqual(['firing database_down']);
  });

  test('is shown as unknown, not as well', async () => {
    const { set, pass, manager } = watched();
    expect(new Set(manager.status().map(({ state }) => state))).toEqual(new Set(['unknown']));
    set(unknown);
    await pass(15_000);
    const states = Object.fromEntries(manager.status().map(({ rule, state }) => [rule, state]));
    expect(states).toMatchObject({ database_down: 'unknown', high_cpu: 'quiet' });
  });

  test('and one whose reading fails is noted, and stops no other rule', async () => {
    const { set, pass, told, noted, manager } = watched({
      readings: {
        all: () => [],
        increase: () => {
          throw new Error('no counters here');
        },
        mean: () => undefined,
      },
    });
    set(broken);
    await pass(minute);
    expect(told()).toEqual(['firing isolation_broken']);
    expect(noted).toContainEqual(expect.objectContaining({ kind: 'fault_met', where: 'alert rule high_error_rate' }));
    expect(manager.status().find(({ rule }) => rule === 'high_error_rate')?.state).toBe('unknown');
  });
});

describe('many at once', () => {
  test('different labels are different alerts, the same ones one', async () => {
    const { set, pass, sent } = watched();
    const flood = (subjects: readonly string[]) => ({
      facts: { queries_of_one_subject: subjects.map((subject) => ({ labels: { subject }, value: 7000 })) },
    });
    set(changed(flood(['jane', 'joe'])));
    await pass(minute);
    set(changed(flood(['joe', 'jane'])));
    await pass(minute);
    expect(sent.map(({ labels }) => labels)).toEqual([{ subject: 'jane' }, { subject: 'joe' }]);
  });

  test('an attack from thousands of addresses is a few notices, not thousands', async () => {
    const { set, pass, sent, manager } = watched();
    const attack = Array.from({ length: 5000 }, (_, index) => ({ labels: { caller: `address 10.0.${index}` }, value: 9 }));
    set(changed({ facts: { failures_of_one_caller: attack } }));
    await pass(6 * minute);
    expect(sent).toHaveLength(5);
    expect(manager.status().find(({ rule }) => rule === 'auth_failures')).toMatchObject({ state: 'firing', alerts: 5 });
  });

  test('the history keeps the last 1,000', async () => {
    const { set, pass, manager } = watched();
    for (let times = 0; times < 501; times += 1) {
      set(broken);
      await pass(15_000);
      set(healthy);
      await pass(30_000);
    }
    expect(manager.events()).toHaveLength(1000);
    expect(manager.events()[0]?.notice.kind).toBe('resolved');
  });
});

describe('channels', () => {
  test('one that is away loses no history, holds up no other, and is told later', async () => {
    const attempts: number[] = [];
    const got: string[] = [];
    let away = true;
    const { set, pass, manager, noted, clock } = watched({
      channels: [
        {
          name: 'away',
          async send({ rule }) {
            attempts.push(clock.monotonic());
            if (away) throw new Error('away answered 503');
            got.push(rule);
          },
        },
        { name: 'well', send: async ({ rule }) => void got.push(rule) },
      ],
    });
    set(broken);
    await pass(15_000);
    expect(got).toEqual(['isolation_broken']);
    expect([...(manager.events()[0]?.deliveries ?? [])]).toEqual([
      ['away', 'waiting'],
      ['well', 'sent'],
    ]);
    await pass(45_000);
    away = false;
    await pass(2 * minute);
    expect(got).toEqual(['isolation_broken', 'isolation_broken']);
    expect(attempts).toEqual([0, 15_000, 75_000]);
    expect(manager.events()[0]?.deliveries.get('away')).toBe('sent');
    expect(noted.filter(({ kind }) => kind === 'fault_met')).toHaveLength(1);
  });

  test('one that stays away is given up after five attempts, and the log says so once', async () => {
    let attempts = 0;
    const send = async () => {
      attempts += 1;
      throw new Error('no');
    };
    const { set, pass, manager } = watched({ channels: [{ name: 'away', send }] });
    set(hot);
    await pass(11 * minute);
    set(healthy);
    await pass(30 * minute);
    expect(attempts).toBe(5);
    expect(manager.events().at(-1)?.deliveries.get('away')).toBe('given_up');
  });

  test('one that never answers is left after the limit', async () => {
    const { set, manager } = watched({ sendLimitMs: 20, channels: [{ name: 'hangs', send: () => new Promise(() => {}) }] });
    set(broken);
    await manager.evaluate();
    await manager.settled();
    expect(manager.events()[0]?.deliveries.get('hangs')).toBe('waiting');
    await manager.close();
  });
});

describe('another server that has told of it', () => {
  /** What the places answer for an end, and what was asked of them. */
  const elsewhere = (state: { end: EndClaim }) => {
    const asked: string[] = [];
    const renewed: (readonly string[])[] = [];
    const claims: NoticeClaims = {
      begin: async () => {
        asked.push('begin');
        return false;
      },
      end: async () => {
        asked.push('end');
        return state.end;
      },
      renew: async (keys) => void renewed.push(keys),
    };
    return { asked, renewed, ...watched({ claims }) };
  };
  const comesAndGoes = async ({ set, pass }: Pick<ReturnType<typeof watched>, 'set' | 'pass'>) => {
    set(broken);
    await pass(minute);
    set(healthy);
    await pass(minute);
  };
  const ways = (manager: ReturnType<typeof watched>['manager']) => manager.events().map(({ told }) => told);

  test('leaves this one silent, and the history says so', async () => {
    const { set, pass, told, manager, asked, renewed } = elsewhere({ end: 'over' });
    await comesAndGoes({ set, pass });
    expect(told()).toEqual([]);
    expect(asked).toEqual(['begin', 'end']);
    expect(renewed[0]).toEqual(['["isolation_broken","critical"]']);
    expect(ways(manager)).toEqual(['elsewhere', 'elsewhere']);
  });

  test('and was killed before the end leaves the end to this one', async () => {
    const places: { end: EndClaim } = { end: 'held' };
    const { set, pass, told, manager } = elsewhere(places);
    await comesAndGoes({ set, pass });
    expect(told()).toEqual([]);
    places.end = 'mine';
    await pass(minute);
    expect(told()).toEqual(['resolved isolation_broken']);
    expect(ways(manager)).toEqual(['channels', 'elsewhere', 'elsewhere']);
  });

  test('and tells of the end later is asked no more; nor is one that lives when it begins anew', async () => {
    const places: { end: EndClaim } = { end: 'held' };
    const { set, pass, told, asked } = elsewhere(places);
    await comesAndGoes({ set, pass });
    places.end = 'over';
    await pass(minute);
    const before = asked.length;
    await pass(minute);
    expect(asked).toHaveLength(before);
    places.end = 'held';
    await pass(20 * minute);
    await comesAndGoes({ set, pass });
    set(broken);
    await pass(minute);
    places.end = 'mine';
    await pass(minute);
    expect(told()).toEqual([]);
  });
});
