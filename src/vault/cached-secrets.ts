import { keepRefreshed, type Refreshed } from './refreshed.ts';
import type { SecretStore } from './secret-store.ts';

export interface CachedSecretsOptions {
  readonly store: SecretStore;
  /** A rotated secret takes effect within this time. */
  readonly refreshMs?: number;
  readonly onFailure: (name: string, error: unknown) => void;
}

/** Each secret is asked for once and then again every five minutes; while the store is away the last good value serves. */
export function createCachedSecrets({ store, refreshMs = 300_000, onFailure }: CachedSecretsOptions) {
  const known = new Map<string, Promise<Refreshed<string | undefined>>>();
  const load = (name: string) => {
    const refreshed = keepRefreshed({
      load: () => store.get(name),
      everyMs: refreshMs,
      onFailure: (error) => onFailure(name, error),
    });
    known.set(name, refreshed);
    // What could not be had the first time is asked for again by the next caller.
    refreshed.catch(() => known.delete(name));
    return refreshed;
  };
  const all = async () =>
    (await Promise.allSettled(known.values())).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return {
    async get(name: string): Promise<string | undefined> {
      return (await (known.get(name) ?? load(name))).current();
    },
    /** Asks for every secret now. */
    async refresh(): Promise<void> {
      await Promise.all((await all()).map((one) => one.refresh()));
    },
    async close(): Promise<void> {
      for (const one of await all()) one.close();
    },
  };
}
