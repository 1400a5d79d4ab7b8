import type { Clock } from '../core/clock.ts';
import type { Database } from './database.ts';

/** By how many seconds the clocks of this process and of the database differ, give or take half of what the question takes. */
export async function clockSkewSeconds(database: Pick<Database, 'query'>, clock: Clock): Promise<number> {
  const before = clock.now();
  const start = clock.monotonic();
  const [row] = await database.query('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS ms');
  const halfway = before + (clock.monotonic() - start) / 2;
  return Math.abs(Number(row?.ms) - halfway) / 1000;
}
