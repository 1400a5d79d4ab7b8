import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runBatch } from '../../src/resilience/batch.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('A batch', () => {
  test('keeps ten in work over a thousand items: never more, and as long as there are ten', async () => {
    let running = 0;
    let peak = 0;
    const levels: number[] = [];
    const outcomes = await runBatch(
      Array.from({ length: 1000 }, (_, index) => index),
      async (item) => {
        running += 1;
        peak = Math.max(peak, running);
        for (let turns = item % 3; turns >= 0; turns -= 1) await turn();
        if (item > 20 && item < 980) levels.push(running);
        running -= 1;
        return item * 2;
      },
    );
    expect(peak).toBe(10);
    expect(Math.min(...levels)).toBeGreaterThanOrEqual(9);
    expect(outcomes).toEqual(Array.from({ length: 1000 }, (_, index) => ({ value: index * 2 })));
  });

  test('one item that fails is one outcome; the other 999 succeed in their order', async () => {
    const reason = new Error('item 37');
    const progress: [number, number][] = [];
    const outcomes = await runBatch(
      Array.from({ length: 1000 }, (_, index) => index),
      async (item) => {
        if (item === 37) throw reason;
        return item;
      },
      { onProgress: (done, failed) => progress.push([done, failed]) },
    );
    expect(outcomes[37]).toEqual({ error: reason });
    expect(outcomes.filter((outcome) => 'value' in outcome).length).toBe(999);
    expect(outcomes.every((outcome, index) => index === 37 || ('value' in outcome && outcome.value === index))).toBe(true);
    expect(progress.length).toBe(1000);
    expect(progress.at(-1)).toEqual([1000, 1]);
  });

  test('work that throws before it has begun is an outcome too', async () => {
    const thrown = new Error('at once');
    const outcomes = await runBatch([1], () => {
      throw thrown;
    });
    expect(outcomes).toEqual([{ error: thrown }]);
  });

  test('stops within one item of an abort, and says how far it came', async () => {
    const caller = new AbortController();
    let started = 0;
    let closed = false;
    function* endless() {
      try {
        for (let item = 0; ; item += 1) yield item;
      } finally {
        closed = true;
      }
    }
    const outcomes = await runBatch(
      endless(),
      async (item, _index, signal) => {
        started += 1;
        await turn();
        if (item === 25) caller.abort();
        return signal?.aborted ?? false;
      },
      { signal: caller.signal },
    );
    expect(started).toBeLessThanOrEqual(26 + 9);
    expect(outcomes.length).toBe(started);
    expect(outcomes.includes(undefined as never)).toBe(false);
    expect(outcomes.some((outcome) => 'value' in outcome && outcome.value)).toBe(true);
    expect(closed).toBe(true);
  });

  test('takes from its source only what there is room for', async () => {
    let made = 0;
    let done = 0;
    let ahead = 0;
    async function* source() {
      for (; made < 50; made += 1) {
        ahead = Math.max(ahead, made - done);
        yield made;
      }
    }
    await runBatch(
      source(),
      async () => {
        await turn();
        done += 1;
      },
      { concurrency: 3 },
    );
    expect(done).toBe(50);
    expect(ahead).toBeLessThanOrEqual(3);
  });

  test('a source that breaks ends the batch with its reason', async () => {
    async function* source() {
      yield 1;
      throw new Error('the source broke');
    }
    const seen: number[] = [];
    await expect(runBatch(source(), async (item) => void seen.push(item))).rejects.toThrow('the source broke');
    expect(seen).toEqual([1]);
  });

  test('nothing in, nothing out', async () => {
    expect(await runBatch([], async () => 1)).toEqual([]);
  });

  test('whatever the durations and the concurrency, outcomes stand where their items stood', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 4 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        async (turns, concurrency) => {
          let running = 0;
          let peak = 0;
          const outcomes = await runBatch(
            turns,
            async (many, index) => {
              running += 1;
              peak = Math.max(peak, running);
              for (let left = many; left >= 0; left -= 1) await turn();
              running -= 1;
              return index;
            },
            { concurrency },
          );
          expect(peak).toBe(Math.min(concurrency, turns.length));
          expect(outcomes).toEqual(turns.map((_, index) => ({ value: index })));
        },
      ),
      { numRuns: 50 },
    );
  });
});
