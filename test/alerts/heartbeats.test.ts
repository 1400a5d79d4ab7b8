import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createHeartbeats, type Heartbeats } from '../../src/alerts/heartbeats.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';

const silentMs = 45_000;

onEveryDatabase('servers that share a database', (tier) => {
  let db: TestDatabase;
  let clock: HandClock;
  let reachable = true;
  beforeAll(async () => {
    db = await tier.open();
  });
  beforeEach(async () => {
    await db.owner.query('DELETE FROM ops.server_heartbeats');
    clock = handClock();
    reachable = true;
  });
  afterAll(() => db.close());
  const server = (name: string) => {
    const query: typeof db.database.query = async (...of) => {
      if (!reachable) throw new Error('connection refused');
      return db.database.query(...of);
    };
    return createHeartbeats({ database: { query }, server: name, silentMs, clock });
  };
  /** Time passes for these servers and for the database, a quarter of a minute at a time. */
  const pass = async (seconds: number, ...those: Heartbeats[]) => {
    let last: (number | undefined)[] = [];
    for (let at = 0; at < seconds; at += 15) {
      clock.advance(15_000);
      await db.owner.script(
        "UPDATE ops.server_heartbeats SET seen_at = seen_at - interval '15 s', started_at = started_at - interval '15 s'",
      );
      last = await Promise.all(those.map((one) => one.look().catch(() => undefined)));
    }
    return last;
  };

  test('know nothing at first, then that all are there', async () => {
    const [a, b] = [server('a'), server('b')];
    expect(await pass(75, a, b)).toEqual([undefined, undefined]);
    expect(await pass(45, a, b)).toEqual([0, 0]);
  });

  test('miss one that falls silent, until another one takes its place', async () => {
    const [a, b, c] = [server('a'), server('b'), server('c')];
    await pass(150, a, b, c);
    expect(await pass(30, a, b)).toEqual([0, 0]);
    expect(await pass(30, a, b)).toEqual([1, 1]);
    expect(await server('d').look()).toBeUndefined();
    expect(await pass(15, a, b)).toEqual([0, 0]);
  });

  test('do not miss one that ends in order, nor one for ever', async () => {
    const [a, b, c] = [server('a'), server('b'), server('c')];
    await pass(150, a, b, c);
    await c.close();
    expect(await c.look()).toBeUndefined();
    expect(await pass(90, a, b)).toEqual([0, 0]);
    expect(await pass(90, a)).toEqual([1]);
    await db.owner.script("UPDATE ops.server_heartbeats SET seen_at = seen_at - interval '1 hour' WHERE server = 'b'");
    expect(await pass(15, a)).toEqual([0]);
    expect(await db.owner.query('SELECT server FROM ops.server_heartbeats')).toEqual([{ server: 'a' }]);
  });

  test('miss nobody because the database was away, or because they themselves were late', async () => {
    const [a, b] = [server('a'), server('b')];
    await pass(150, a, b);
    reachable = false;
    expect(await pass(120, a, b)).toEqual([undefined, undefined]);
    await a.close();
    reachable = true;
    const back = server('c');
    expect(await pass(60, back, b)).toEqual([undefined, undefined]);
    clock.advance(100_000);
    await db.owner.script("UPDATE ops.server_heartbeats SET seen_at = seen_at - interval '100 s'");
    expect(await pass(15, back)).toEqual([undefined]);
  });
});
