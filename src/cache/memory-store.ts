import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { type CacheEntry, type CacheStore, type Keeping, keepMs } from './cache-store.ts';
import { bytesOf, freezeResult } from './cached-result.ts';

export interface MemoryStoreOptions extends Keeping {
  readonly clock: Clock;
  readonly maxItems: number;
  readonly maxBytes?: number;
  /** One entry alone. */
  readonly maxEntryBytes?: number;
}

/** Entries of this process: the least recently used makes room. */
export function createMemoryStore(options: MemoryStoreOptions): CacheStore & { size(): { items: number; bytes: number } } {
  const { clock, maxItems, maxBytes = 64 * 1024 * 1024, maxEntryBytes = Math.min(1024 * 1024, maxBytes) } = options;
  const entries = new LRUCache<string, CacheEntry>({
    max: maxItems,
    maxSize: maxBytes,
    maxEntrySize: maxEntryBytes,
    sizeCalculation: (entry, key) => bytesOf(entry.result) + key.length + entry.stamp.length + 200,
    // Ours never runs backwards; and without a resolution of its own the cache reads it every time.
    perf: { now: () => clock.monotonic() },
    ttl: 1,
    ttlResolution: 0,
  });
  const peek: CacheStore['peek'] = (key, accept) => {
    const entry = entries.get(key);
    return entry !== undefined && accept(entry) ? entry : undefined;
  };
  return {
    peek,
    get: async (key, accept) => peek(key, accept),
    async set(key, entry) {
      const ttl = keepMs(entry, clock.now(), options);
      if (ttl === 0) return;
      freezeResult(entry.result);
      entries.set(key, entry, { ttl });
    },
    size: () => ({ items: entries.size, bytes: entries.calculatedSize }),
  };
}
