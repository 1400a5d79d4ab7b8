import type { CacheStore } from './cache-store.ts';

/**
 * Several stores as one, the nearest first: `[memory]`, `[redis]` or `[memory, redis]`. What a farther one has is kept in the
 * nearer ones for the time that is left of it, since an entry carries its own end.
 */
export function createTieredStore(levels: readonly CacheStore[]): CacheStore {
  return {
    peek(key, accept) {
      for (const level of levels) {
        const entry = level.peek(key, accept);
        if (entry !== undefined) return entry;
      }
      return undefined;
    },
    async get(key, accept) {
      for (const [index, level] of levels.entries()) {
        const entry = await level.get(key, accept);
        if (entry === undefined) continue;
        await Promise.all(levels.slice(0, index).map((nearer) => nearer.set(key, entry)));
        return entry;
      }
      return undefined;
    },
    async set(key, entry) {
      await Promise.all(levels.map((level) => level.set(key, entry)));
    },
  };
}
