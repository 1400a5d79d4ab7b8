import { AppError } from '../core/errors.ts';
import type { Database, DatabaseLoad, TenantResult, TenantStatement } from './database.ts';
import type { ReplayMark } from './replay-mark.ts';
import { isPostgresError } from './sqlstate.ts';
import { type Standby, StandbyGone } from './standby.ts';

export interface ReplicatedDatabaseOptions {
  readonly primary: Database;
  readonly standbys: readonly Standby[];
  readonly mark: () => ReplayMark | undefined;
}

/**
 * Tenants' reads go to a standby that has replayed every change this process has heard of; what the standby cannot or may not
 * answer goes to the primary, within the same deadline. Everything else is the primary's.
 */
export function createReplicatedDatabase({ primary, standbys, mark }: ReplicatedDatabaseOptions): Database {
  const choose = (wanted: ReplayMark) => {
    let best: { standby: Standby; database: Database; busy: number } | undefined;
    for (const standby of standbys) {
      const database = standby.databaseAt(wanted);
      const busy = database && busyness(database.load());
      if (busy !== undefined && (best === undefined || busy < best.busy))
        best = { standby, database: database as Database, busy };
    }
    // Where calls wait at every standby and not at the primary, one that waits less is better off there.
    return best !== undefined && best.busy > 1 && busyness(primary.load()) < 1 ? undefined : best;
  };

  const runAsTenant = async (statement: TenantStatement): Promise<TenantResult> => {
    const wanted = mark();
    const chosen = wanted && choose(wanted);
    if (wanted === undefined || chosen === undefined) return primary.runAsTenant(statement);
    const { standby, database } = chosen;
    const start = performance.now();
    const given = new AbortController();
    const giveUp = () => given.abort();
    if (statement.signal?.aborted) giveUp();
    statement.signal?.addEventListener('abort', giveUp, { once: true });
    try {
      const there = { ...statement, replayedTo: wanted.lsn, signal: given.signal };
      const result = await standby.whileThere(database.runAsTenant(there));
      if (result.verifiedTenantIds.length > 0) return result;
      standby.doubt();
    } catch (error) {
      if (statement.signal?.aborted || !isOfTheStandby(error)) throw error;
      if (!isConflict(error)) standby.doubt();
      giveUp();
    } finally {
      statement.signal?.removeEventListener('abort', giveUp);
    }
    const timeoutMs = Math.max(1, statement.timeoutMs - (performance.now() - start));
    return primary.runAsTenant({ ...statement, timeoutMs });
  };

  const loads = () => [primary.load(), ...standbys.flatMap((standby) => standby.load() ?? [])];
  const sum = (of: keyof DatabaseLoad) => loads().reduce((total, load) => total + load[of], 0);
  return {
    ...primary,
    runAsTenant,
    load: () => ({ slots: sum('slots'), running: sum('running'), waiting: sum('waiting') }),
    waits() {
      const all = [primary.waits(), ...standbys.flatMap((standby) => standby.waits() ?? [])];
      return { p95Ms: Math.max(...all.map(({ p95Ms }) => p95Ms)), timeoutMs: primary.waits().timeoutMs };
    },
    resize(connections) {
      primary.resize?.(connections);
      for (const standby of standbys) standby.resize(connections);
    },
    async close() {
      await Promise.all(standbys.map((standby) => standby.close()));
      await primary.close();
    },
  };
}

/** 1 = every connection is busy; above it calls wait. */
const busyness = ({ slots, running, waiting }: DatabaseLoad): number => (running + waiting) / slots;

/** What the primary would have answered otherwise. A caller's own mistakes, a full queue and a deadline are answers. */
function isOfTheStandby(error: unknown): boolean {
  if (error instanceof StandbyGone) return true;
  if (!(error instanceof AppError)) return false;
  if (error.code === 'dependency_unavailable' || error.code === 'internal') return true;
  // Class 40: the statement was in the way of a change that had to be replayed. Class 42: a name, a column or a grant that has
  // not arrived yet, or does not exist: reading the statement again costs the primary little.
  return isPostgresError(error.cause) && /^(40|42|53)/.test(error.cause.code);
}

const isConflict = (error: unknown): boolean =>
  error instanceof AppError && isPostgresError(error.cause) && /^4/.test(error.cause.code);
