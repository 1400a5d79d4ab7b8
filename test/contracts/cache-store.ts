import { expect, test } from 'vitest';
import type { CacheStore, Keeping } from '../../src/cache/cache-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import { anything, entryFor, resultOf } from '../cache/entries.ts';

/** What every store must do. Time is the system's, as Redis has no other. */
export function cacheStoreContract(make: (keep?: Partial<Keeping>) => Promise<CacheStore>) {
  test('gives back what was kept, number for digit', async () => {
    const store = await make();
    const result = resultOf('[[12.50,"é\u2028 O\'Brien",9007199254740993.10,null]]', { truncated: true, rowCount: 1 });
    const entry = entryFor(systemClock, 60_000, { result, warmed: true });
    await store.set('key', entry);
    expect(await store.get('key', anything)).toEqual(entry);
  });

  test('knows nothing of other keys', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60_000));
    expect(await store.get('other', anything)).toBeUndefined();
  });

  test('an empty answer is a hit', async () => {
    const store = await make();
    const empty = resultOf('[]', { columns: [], rowCount: 0 });
    await store.set('key', entryFor(systemClock, 60_000, { result: empty }));
    expect((await store.get('key', anything))?.result).toEqual(empty);
  });

  test('the last to be kept replaces what was there', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60_000));
    await store.set('key', entryFor(systemClock, 60_000, { stamp: 'newer' }));
    expect((await store.get('key', anything))?.stamp).toBe('newer');
  });

  test('gives nothing that the caller does not accept, and keeps it for one who does', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60_000));
    expect(await store.get('key', () => false)).toBeUndefined();
    expect(await store.get('key', ({ stamp }) => stamp.includes('orders'))).toBeDefined();
  });

  test('nobody can change what the others are given', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60_000));
    const found = await store.get('key', anything);
    expect(() => Object.assign(found!.result, { rowsJson: '[[2]]' })).toThrow(TypeError);
    expect(() => Object.assign(found!.result.columns[0]!, { name: 'x' })).toThrow(TypeError);
    expect(() => (found!.result.columns as unknown[]).push({})).toThrow(TypeError);
    expect((await store.get('key', anything))?.result.rowsJson).toBe('[[1]]');
  });

  test('forgets at the end of an entry’s life', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, 60));
    expect(await store.get('key', anything)).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await store.get('key', anything)).toBeUndefined();
  });

  test('never keeps what is over already', async () => {
    const store = await make();
    await store.set('key', entryFor(systemClock, -1));
    expect(await store.get('key', anything)).toBeUndefined();
  });

  test('keeps the expired for as long as it is told to', async () => {
    const store = await make({ keepExpiredMs: 10_000 });
    await store.set('key', entryFor(systemClock, -100));
    expect(await store.get('key', anything)).toBeDefined();
  });

  test('forgets in time what claims to live for ever', async () => {
    const store = await make({ maxKeepMs: 60 });
    await store.set('key', entryFor(systemClock, 1e12));
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await store.get('key', anything)).toBeUndefined();
  });
}
