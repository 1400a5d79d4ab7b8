import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';

export interface WindowOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly windowMs: number;
  /** More are not kept: those that were seen last stay. */
  readonly mostKeys?: number;
}

/** A name and its figure. */
export interface Figure {
  readonly key: string;
  readonly value: number;
}

const manyKeys = 10_000;
const slices = 12;
/** As many of one key as anybody needs to know that there are too many. */
const mostValues = 32;
const worstShown = 20;

/** How often each name was seen within the window, to a twelfth of it. */
export function createCountingWindow({ clock, windowMs, mostKeys = manyKeys }: WindowOptions) {
  const counts = new LRUCache<string, Map<number, number>>({ max: mostKeys });
  const sliceOf = (at: number) => Math.floor((at / windowMs) * slices);
  const recent = (own: Map<number, number>) => {
    const oldest = sliceOf(clock.monotonic()) - slices;
    for (const slice of own.keys()) if (slice <= oldest) own.delete(slice);
    return [...own.values()].reduce((sum, count) => sum + count, 0);
  };
  return {
    add(key: string): void {
      const slice = sliceOf(clock.monotonic());
      const own = counts.get(key) ?? new Map<number, number>();
      own.set(slice, (own.get(slice) ?? 0) + 1);
      if (own.size > slices + 1) recent(own);
      counts.set(key, own);
    },
    worst: (): readonly Figure[] => worstOf(counts.entries(), recent),
  };
}

/** How many different values each name came with within the window. */
export function createDistinctWindow({ clock, windowMs, mostKeys = manyKeys }: WindowOptions) {
  const values = new LRUCache<string, Map<string, number>>({ max: mostKeys });
  const recent = (own: Map<string, number>) => {
    const oldest = clock.monotonic() - windowMs;
    for (const [value, at] of own) if (at < oldest) own.delete(value);
    return own.size;
  };
  return {
    add(key: string, value: string): void {
      const own = values.get(key) ?? new Map<string, number>();
      own.delete(value);
      own.set(value, clock.monotonic());
      const [oldest] = own.keys();
      if (own.size > mostValues && oldest !== undefined) own.delete(oldest);
      values.set(key, own);
    },
    worst: (): readonly Figure[] => worstOf(values.entries(), recent),
  };
}

function worstOf<T>(entries: Iterable<[string, T]>, figure: (own: T) => number): Figure[] {
  return [...entries]
    .map(([key, own]) => ({ key, value: figure(own) }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, worstShown);
}
