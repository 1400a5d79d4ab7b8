import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairQueue, type FairQueueOptions } from '../../src/postgres/fair-queue.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Calls that end when the test says so; `order` is the order in which they got their slot. */
function counter(options: FairQueueOptions) {
  const queue = createFairQueue(options);
  const order: string[] = [];
  const running: { name: string; end: () => void }[] = [];
  const ask = (key: string, name = key, signal?: AbortSignal) =>
    queue.run(key, signal, () => {
      order.push(name);
      return new Promise<string>((resolve) => running.push({ name, end: () => resolve(name) }));
    });
  /** Ends the oldest call that runs. */
  const end = async () => {
    running.shift()?.end();
    await turn();
  };
  const endAll = async () => {
    while (running.length > 0) await end();
  };
  return { queue, order, running, ask, end, endAll };
}

describe('A fair queue', () => {
  test('lets so many run at a time, and one key’s calls in their order', async () => {
    const { order, ask, endAll, queue } = counter({ slots: 2 });
    const calls = [1, 2, 3, 4, 5].map((n) => ask('a', `a${n}`));
    await turn();
    expect(order).toEqual(['a1', 'a2']);
    expect(queue.load()).toEqual({ running: 2, waiting: 3, keys: 1, slots: 2 });
    await endAll();
    expect(await Promise.all(calls)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(queue.load()).toEqual({ running: 0, waiting: 0, keys: 0, slots: 2 });
  });

  test('has more slots, and fewer, while it runs: what runs comes to its end, and nothing is forgotten', async () => {
    const { order, running, ask, end, endAll, queue } = counter({ slots: 4, slotsPerKey: (slots) => Math.max(1, slots - 1) });
    const calls = ['a', 'b', 'c', 'a', 'b', 'c', 'd'].map((key, n) => ask(key, `${key}${n}`));
    await turn();
    expect(queue.load()).toMatchObject({ running: 4, waiting: 3, slots: 4 });
    queue.resize(1);
    expect(queue.load()).toMatchObject({ running: 4, slots: 1 });
    for (let ended = 0; ended < 3; ended += 1) await end();
    expect(order).toHaveLength(4);
    await end();
    expect([order.length, running.length]).toEqual([5, 1]);
    queue.resize(3);
    expect(queue.load()).toMatchObject({ running: 3, waiting: 0, slots: 3 });
    await turn();
    expect(running).toHaveLength(3);
    await endAll();
    await Promise.all(calls);
    expect(queue.load()).toEqual({ running: 0, waiting: 0, keys: 0, slots: 3 });
  });

  test('keys that wait take turns, however much each of them asks for', async () => {
    const { order, ask, endAll } = counter({ slots: 1 });
    const calls = [
      ...Array.from({ length: 6 }, (_, n) => ask('a', `a${n}`)),
      ...Array.from({ length: 3 }, (_, n) => ask('b', `b${n}`)),
      ask('c', 'c0'),
    ];
    await turn();
    await endAll();
    await Promise.all(calls);
    expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'b2', 'a3', 'a4', 'a5']);
  });

  test('a free slot goes to the key that has fewest, so that slots are shared and not only turns', async () => {
    const { order, ask, end, endAll } = counter({ slots: 4 });
    const calls = [
      ...Array.from({ length: 20 }, (_, n) => ask('heavy', `h${n}`)),
      ...[0, 1, 2].map((n) => ask('light', `l${n}`)),
    ];
    await turn();
    for (let freed = 0; freed < 3; freed += 1) await end();
    // Two and two: the third free slot is heavy's again.
    expect(order).toEqual(['h0', 'h1', 'h2', 'h3', 'l0', 'l1', 'h4']);
    await endAll();
    await Promise.all(calls);
  });

  test('fifty times the load of one key leaves another’s wait as it was', async () => {
    /** In ends of other calls, for a caller who asks once in every ten of them. */
    const waits = async (heavyLoad: number) => {
      const { running, ask, end, endAll } = counter({ slots: 4, queueLimit: 1000 });
      const calls: Promise<string>[] = [];
      let sent = 0;
      const topUp = () => {
        while (sent < heavyLoad) {
          sent += 1;
          calls.push(
            ask('heavy').finally(() => {
              sent -= 1;
            }),
          );
        }
      };
      const seen: number[] = [];
      for (let round = 0; round < 20; round += 1) {
        topUp();
        await turn();
        const asked = ask('light', `light ${round}`);
        let waited = 0;
        while (!running.some(({ name }) => name === `light ${round}`)) {
          await end();
          topUp();
          waited += 1;
        }
        seen.push(waited);
        running
          .splice(
            running.findIndex(({ name }) => name.startsWith('light')),
            1,
          )[0]
          ?.end();
        await asked;
      }
      await endAll();
      await Promise.all(calls);
      return Math.max(...seen);
    };
    expect(await waits(4)).toBe(1);
    expect(await waits(200)).toBe(1);
  });

  test('with a slot left for the others, a newcomer does not wait at all', async () => {
    const { order, ask, endAll, queue } = counter({ slots: 4, slotsPerKey: () => 3 });
    const heavy = Array.from({ length: 10 }, (_, n) => ask('heavy', `h${n}`));
    const light = ask('light');
    await turn();
    expect(order).toEqual(['h0', 'h1', 'h2', 'light']);
    expect(queue.load()).toMatchObject({ running: 4, waiting: 7 });
    await endAll();
    await Promise.all([...heavy, light]);
  });

  test('a key in company leaves slots free, and has them again when the others have been gone for a while', async () => {
    let nowMs = 0;
    const company = { slotsPerKeyInCompany: () => 2, companyMs: 1000, first: 'own', now: () => nowMs };
    const { order, running, ask, end, endAll, queue } = counter({ slots: 6, slotsPerKey: () => 5, ...company });
    const calls = Array.from({ length: 30 }, (_, n) => ask('heavy', `h${n}`));
    calls.push(ask('own'));
    await turn();
    // Alone: the server's own statements are nobody's company.
    expect(order).toEqual(['h0', 'h1', 'h2', 'h3', 'h4', 'own']);
    calls.push(ask('light'));
    for (let ended = 0; ended < 6; ended += 1) await end();
    expect(running.map(({ name }) => name)).toEqual(['light', 'h5', 'h6']);
    await end();
    expect(running.map(({ name }) => name)).toEqual(['h5', 'h6']);
    expect(queue.load()).toMatchObject({ running: 2, waiting: 23 });
    nowMs += 999;
    await end();
    expect(running.map(({ name }) => name)).toEqual(['h6', 'h7']);
    nowMs += 1;
    await end();
    expect(running.map(({ name }) => name)).toEqual(['h7', 'h8', 'h9', 'h10', 'h11']);
    await endAll();
    await Promise.all(calls);
    expect(queue.load()).toEqual({ running: 0, waiting: 0, keys: 0, slots: 6 });
  });

  test('what everybody waits for comes first within its share, and finds room, among however many others', async () => {
    const { order, running, ask, end, endAll } = counter({
      slots: 8,
      slotsPerKeyInCompany: () => 2,
      first: 'own',
      queueLimit: 320,
      queueLimitPerKey: 100,
    });
    const calls = Array.from({ length: 320 + 8 }, (_, n) => ask(`scope ${n % 80}`));
    await turn();
    await expect(ask('scope 0')).rejects.toMatchObject({ code: 'overloaded' });
    calls.push(...Array.from({ length: 20 }, (_, n) => ask('own', `own ${n}`)));
    const isOwn = (name: string) => name.startsWith('own');
    let most = 0;
    for (let ended = 0; ended < 90; ended += 1) {
      await end();
      most = Math.max(most, running.filter(({ name }) => isOwn(name)).length);
    }
    // Two of eight slots, whenever one is free: not a quarter of every eightieth.
    expect(most).toBe(2);
    expect(order.findLastIndex(isOwn)).toBeLessThan(90);
    await endAll();
    await Promise.all(calls);
    expect(order).toHaveLength(348);
  });

  test('what everybody waits for has slots of its own, however long the others take', async () => {
    const first = { first: 'own', slotsForFirst: (slots: number) => (slots >= 4 ? 1 : 0) };
    const { order, running, ask, end, endAll, queue } = counter({ slots: 4, ...first });
    const calls = Array.from({ length: 8 }, (_, n) => ask(`scope ${n}`));
    calls.push(ask('own', 'own 0'), ask('own', 'own 1'));
    await turn();
    expect(order).toEqual(['scope 0', 'scope 1', 'scope 2', 'own 0']);
    running.pop()?.end();
    await turn();
    // Its slot is not given to the others in between.
    expect(order.slice(4)).toEqual(['own 1']);
    running.pop()?.end();
    await turn();
    expect(queue.load()).toMatchObject({ running: 3, waiting: 5 });
    await end();
    expect(order.slice(5)).toEqual(['scope 3']);
    queue.resize(3);
    await turn();
    expect(queue.load()).toMatchObject({ running: 3, slots: 3 });
    await endAll();
    await Promise.all(calls);
    expect(queue.load()).toEqual({ running: 0, waiting: 0, keys: 0, slots: 3 });
  });

  test('refuses at once what does not fit into the queue, of one key or of all', async () => {
    const { ask, endAll } = counter({ slots: 1, queueLimit: 4, queueLimitPerKey: 2 });
    const calls = [ask('a'), ask('a'), ask('a')];
    await expect(ask('a')).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('As many calls wait'),
      retryAfterMs: 1000,
    });
    calls.push(ask('b'), ask('b'));
    await expect(ask('c')).rejects.toMatchObject({ code: 'overloaded' });
    await turn();
    await endAll();
    expect(await Promise.all(calls)).toEqual(['a', 'a', 'a', 'b', 'b']);
    const later = ask('c');
    await turn();
    await endAll();
    expect(await later).toBe('c');
  });

  test('does not forget who comes while a refusal of the same key is on its way', async () => {
    const { ask, running, end } = counter({ slots: 1, queueLimit: 1, timeoutMs: 1000 });
    const calls = [ask('a', 'a1'), ask('b', 'b1')];
    await turn();
    running.shift()?.end();
    let next: Promise<string> | undefined;
    queueMicrotask(() => {
      next = ask('a', 'a3');
    });
    await expect(ask('a', 'a2')).rejects.toMatchObject({ code: 'overloaded' });
    await turn();
    expect(running.map(({ name }) => name)).toEqual(['b1']);
    await end();
    expect(running.map(({ name }) => name)).toEqual(['a3']);
    await end();
    expect(await Promise.all([...calls, next])).toEqual(['a1', 'b1', 'a3']);
  });

  test('refuses as overloaded who waited too long, and recovers', async () => {
    const { ask, endAll, queue } = counter({ slots: 1, timeoutMs: 30 });
    const running = ask('a');
    await expect(ask('b', 'b', new AbortController().signal)).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 30 });
    expect(queue.load()).toEqual({ running: 1, waiting: 0, keys: 1, slots: 1 });
    await endAll();
    await running;
    const next = ask('b');
    await turn();
    await endAll();
    expect(await next).toBe('b');
  });

  test('lets nobody in who has left, before or while waiting', async () => {
    const { ask, endAll, order } = counter({ slots: 1 });
    await expect(ask('a', 'early', AbortSignal.abort())).rejects.toMatchObject({ code: 'query_timeout' });
    const caller = new AbortController();
    const calls = [ask('a', 'a1')];
    const leaving = ask('a', 'a2', caller.signal);
    calls.push(ask('a', 'a3', new AbortController().signal));
    caller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'query_timeout' });
    await turn();
    await endAll();
    await Promise.all(calls);
    expect(order).toEqual(['a1', 'a3']);
  });

  test('gives the slot back when the work fails', async () => {
    const queue = createFairQueue({ slots: 1 });
    await expect(queue.run('a', undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await queue.run('a', undefined, async () => 1)).toBe(1);
  });

  test('whoever asks and whoever leaves, no slot is lost, none is given twice and nobody starves', async () => {
    const call = fc.record({ key: fc.constantFrom('a', 'b', 'c'), turns: fc.nat({ max: 3 }), leaves: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (calls, slots, slotsPerKey, reserve) => {
          const slotsForFirst = reserve && slots > 1 ? 1 : 0;
          const queue = createFairQueue({
            slots,
            slotsPerKey: () => slotsPerKey,
            first: 'a',
            slotsForFirst: () => slotsForFirst,
          });
          const perKey: Record<string, number> = { a: 0, b: 0, c: 0 };
          let running = 0;
          const asked = calls.map(({ key, turns, leaves }) => {
            const caller = new AbortController();
            const outcome = queue.run(key, caller.signal, async () => {
              running += 1;
              perKey[key]! += 1;
              expect(running).toBeLessThanOrEqual(slots);
              expect(perKey[key]).toBeLessThanOrEqual(slotsPerKey);
              expect(perKey.b! + perKey.c!).toBeLessThanOrEqual(slots - slotsForFirst);
              for (let left = turns; left > 0; left -= 1) await turn();
              running -= 1;
              perKey[key]! -= 1;
            });
            if (leaves) setImmediate(() => caller.abort());
            return outcome.catch((error: { code?: string }) => expect(error.code).toBe('query_timeout'));
          });
          await Promise.all(asked);
          expect(queue.load()).toEqual({ running: 0, waiting: 0, keys: 0, slots });
        },
      ),
      { numRuns: 100 },
    );
  });
});
