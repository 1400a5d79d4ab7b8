import type { Clock } from '../../core/clock.ts';
import { within } from '../../core/within.ts';
import type { Database, TextRow } from '../../postgres/database.ts';
import { findingsOf, type HealthCheck } from '../health-check.ts';

export interface DatabaseCheckOptions {
  readonly database: Pick<Database, 'query' | 'load' | 'waits'>;
  /** The newest migration that this release brings. */
  readonly migration: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** From so many milliseconds on, an answer to `SELECT 1` is slow. */
  readonly slowMs?: number;
  /** Statistics that cannot be had are not asked for again for so long. */
  readonly retryMs?: number;
  /** What statistics may take: a database that answered is not dead because they are late. */
  readonly detailsMs?: number;
}

const applied = 'SELECT max(version)::text AS version FROM ops.schema_migrations';
const connections = 'SELECT count(*)::text AS count FROM pg_stat_activity WHERE datname = current_database()';

/** Normalised by PostgreSQL itself: `$1` stands where a literal stood. */
const slowest = `SELECT left(query, 200) AS query, calls::text, round(mean_exec_time::numeric, 1)::text AS mean_ms
  FROM extensions.pg_stat_statements
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mean_exec_time > 1000
  ORDER BY mean_exec_time DESC LIMIT 5`;

const unavailable = 'statistics unavailable';
const late = new Error('late');

/** What PostgreSQL shows of statements whose text one may not see. */
const isHidden = ({ query }: TextRow): boolean => query === '<insufficient privilege>';

/** Works with any rights: what it may not see is said to be unavailable, and says nothing about the database. */
export function createDatabaseCheck(options: DatabaseCheckOptions): HealthCheck {
  const { database, migration, clock, slowMs = 1000, retryMs = 600_000, detailsMs = 800 } = options;
  /** A statement that was refused costs a connection, so it is not tried each time. */
  const askAgainAt = new Map<string, number>();
  const ask = async <T>(statement: string, read: (rows: readonly TextRow[]) => T): Promise<T | typeof unavailable> => {
    if (clock.monotonic() < (askAgainAt.get(statement) ?? Number.NEGATIVE_INFINITY)) return unavailable;
    try {
      return read(await within(detailsMs, database.query(statement), () => late));
    } catch (error) {
      // One that answers slowly may be asked again; what it refused it will refuse again.
      if (error !== late) askAgainAt.set(statement, clock.monotonic() + retryMs);
      return unavailable;
    }
  };
  return async () => {
    const start = clock.monotonic();
    try {
      await database.query('SELECT 1');
    } catch {
      return { status: 'unhealthy', reasons: ['the database does not answer'], details: {} };
    }
    const responseMs = clock.monotonic() - start;
    const [version, open, statements] = await Promise.all([
      ask(applied, ([row]) => Number(row?.version)),
      ask(connections, ([row]) => Number(row?.count)),
      ask(slowest, slowStatements),
    ]);
    const { slots, running, waiting } = database.load();
    const { p95Ms } = database.waits();
    return findingsOf(
      [
        { when: responseMs > slowMs, status: 'degraded', reason: `it takes ${Math.round(responseMs)} ms to answer` },
        { when: waiting > 0 && p95Ms > 1000, status: 'degraded', reason: 'calls wait for connections' },
        {
          when: version !== unavailable && version < migration,
          status: 'degraded',
          reason: `migration ${version} of ${migration}: run zava-mcp-server migrate`,
        },
      ],
      {
        response_ms: Math.round(responseMs * 10) / 10,
        pool: { size: slots, active: running, waiting, acquire_p95_ms: Math.round(p95Ms) },
        active_connections: open,
        migration: version,
        slow_statements: statements,
      },
    );
  };
}

function slowStatements(rows: readonly TextRow[]) {
  if (rows.some(isHidden)) return unavailable;
  return rows.map(({ query, calls, mean_ms }) => ({ query, calls: Number(calls), mean_ms: Number(mean_ms) }));
}
