import { describe, expect, test } from 'vitest';
import { createSingleFlight } from '../../src/cache/single-flight.ts';

function held<T>() {
  let finish = (_value: T) => {};
  let fail = (_error: unknown) => {};
  const outcome = new Promise<T>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { outcome, finish, fail };
}

describe('A single flight', () => {
  test('runs once for all who ask at the same time, and again for who asks later', async () => {
    const flights = createSingleFlight<number>();
    const work = held<number>();
    let runs = 0;
    const ask = () =>
      flights.run('key', new AbortController().signal, () => {
        runs += 1;
        return work.outcome;
      });
    const answers = Array.from({ length: 100 }, ask);
    work.finish(7);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([7]));
    expect(runs).toBe(1);
    expect(flights.size()).toBe(0);
    await ask();
    expect(runs).toBe(2);
  });

  test('keeps other questions apart', async () => {
    const flights = createSingleFlight<string>();
    expect(await Promise.all(['a', 'b'].map((key) => flights.run(key, undefined, async () => key)))).toEqual(['a', 'b']);
  });

  test('fails for all who waited, and for nobody after them', async () => {
    const flights = createSingleFlight<number>();
    const work = held<number>();
    const waiting = [1, 2].map(() => flights.run('key', undefined, () => work.outcome));
    work.fail(new Error('no'));
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await flights.run('key', undefined, async () => 3)).toBe(3);
  });

  test('goes on while somebody still waits, whoever started it', async () => {
    const flights = createSingleFlight<number>();
    const work = held<number>();
    const [first, second] = [new AbortController(), new AbortController()];
    let ended: AbortSignal | undefined;
    const run = (signal: AbortSignal) =>
      flights.run('key', signal, (own) => {
        ended = own;
        return work.outcome;
      });
    const [started, joined] = [run(first.signal), run(second.signal)];
    first.abort();
    await expect(started).rejects.toMatchObject({ code: 'query_timeout' });
    expect(ended?.aborted).toBe(false);
    work.finish(7);
    expect(await joined).toBe(7);
  });

  test('the last to leave ends it, and the next one does not join what is ending', async () => {
    const flights = createSingleFlight<number>();
    const callers = [new AbortController(), new AbortController()];
    let ended: AbortSignal | undefined;
    const endless = (own: AbortSignal) => {
      ended = own;
      return new Promise<number>((_, reject) => own.addEventListener('abort', () => reject(new Error('stopped'))));
    };
    const waiting = callers.map(({ signal }) => flights.run('key', signal, endless));
    for (const caller of callers) caller.abort();
    const next = flights.run('key', undefined, async () => 3);
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(ended?.aborted).toBe(true);
    expect(await next).toBe(3);
    expect(flights.size()).toBe(0);
  });

  test('does not begin for who has left already', async () => {
    const flights = createSingleFlight<number>();
    await expect(flights.run('key', AbortSignal.abort(), async () => 1)).rejects.toMatchObject({ code: 'query_timeout' });
    expect(flights.size()).toBe(0);
  });
});
