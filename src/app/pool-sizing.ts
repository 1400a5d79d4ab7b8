import { availableParallelism } from 'node:os';
import type { Config } from '../config/schema.ts';
import type { Database } from '../postgres/database.ts';
import { createPoolSizer } from '../scaling/pool-sizer.ts';
import { connectionBounds } from './adapters.ts';

export interface PoolSizingOptions {
  readonly config: Config;
  readonly database: Pick<Database, 'load' | 'resize'>;
  /** 0 to 1, smoothed over a minute. */
  readonly load: () => number;
}

/** Begins at the most, which is within the cluster's budget, and from then on follows the load; nothing where that is not wanted. */
export function startPoolSizing({ config, database, load }: PoolSizingOptions): { close(): Promise<void> } {
  const { resize } = database;
  if (config.postgresPoolSizing === 'fixed' || resize === undefined) return { close: async () => {} };
  const { slots: max } = database.load();
  const { min } = connectionBounds(availableParallelism(), config);
  const pool = { waiting: () => database.load().waiting, resize };
  const sizer = createPoolSizer({ pool, load, bounds: { min: Math.min(min, max), max } });
  sizer.start();
  return { close: async () => sizer.close() };
}
