import type { CacheEntry } from '../../src/cache/cache-store.ts';
import type { CachedResult } from '../../src/cache/cached-result.ts';
import type { Clock } from '../../src/core/clock.ts';

export const resultOf = (rowsJson: string, changes: Partial<CachedResult> = {}): CachedResult => ({
  columns: [{ name: 'store_id', type: 'int4', labels: ['internal'] }],
  rowsJson,
  rowCount: 1,
  truncated: false,
  ...changes,
});

export const entryFor = (clock: Clock, ttlMs: number, changes: Partial<CacheEntry> = {}): CacheEntry => ({
  result: resultOf('[[1]]'),
  stamp: '[["orders","1"]]',
  expiresAt: clock.now() + ttlMs,
  costMs: 12,
  warmed: false,
  ...changes,
});

export const anything = () => true;
