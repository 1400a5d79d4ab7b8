import pg from 'pg';
import { type Login, type ServerAddress, toClientConfig } from './connection-settings.ts';

export interface ConnectionPoolsOptions {
  readonly address: ServerAddress;
  /** Open connections of all logins together. The caller lets no more than these be in use at a time. */
  readonly maxConnections: number;
  /** Login whose idle connections are given up last. */
  readonly keep: Login;
}

/** A lazy pool a login, all within one budget: where it is spent, somebody else's idle connection is closed for the new one. */
export function createConnectionPools({ address, maxConnections, keep }: ConnectionPoolsOptions) {
  const pools = new Map<string, pg.Pool>();
  let ceiling = maxConnections;
  let closed = false;

  const poolOf = (login: Login): pg.Pool => {
    const known = pools.get(login.user);
    if (known !== undefined) return known;
    const pool = new pg.Pool({
      ...toClientConfig(address, login),
      max: maxConnections,
      idleTimeoutMillis: 300_000,
      maxUses: 50_000,
    });
    // A connection that breaks fails its own call and is replaced at the next; without listeners it would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    pools.set(login.user, pool);
    // A login that nobody had used before is refused like the others.
    if (closed) void pool.end();
    return pool;
  };

  const openCount = () => [...pools.values()].reduce((sum, pool) => sum + pool.totalCount, 0);
  /** One with a connection that nobody uses. */
  const idlePool = (besides?: pg.Pool): pg.Pool | undefined => {
    const others = [...pools].filter(([, pool]) => pool !== besides && isIdle(pool));
    return (others.find(([user]) => user !== keep.user) ?? others[0])?.[1];
  };
  /** The pool that must give up a connection before `wanted` may open one; undefined where there is room. */
  const poolToTakeFrom = (wanted: pg.Pool): pg.Pool | undefined =>
    isIdle(wanted) || openCount() < ceiling ? undefined : idlePool(wanted);
  const closeOne = async (pool: pg.Pool) => (await pool.connect()).release(true);

  return {
    async connect(login: Login): Promise<pg.PoolClient> {
      const pool = poolOf(login);
      const generous = poolToTakeFrom(pool);
      if (generous !== undefined) await closeOne(generous);
      // The pools count in the same tick as they are called: nobody comes between making room and taking it.
      return pool.connect();
    },
    /** Idle connections beyond these are closed now, those in use when they are idle and this is called again. */
    resize(connections: number): void {
      ceiling = Math.min(connections, maxConnections);
      for (let excess = openCount() - ceiling; excess > 0; excess -= 1) {
        const pool = idlePool();
        if (pool === undefined) return;
        // Counted as waiting in this very tick, so that the next turn of the loop does not take it for idle.
        void closeOne(pool).catch(() => {});
      }
    },
    async close(): Promise<void> {
      closed = true;
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

export type ConnectionPools = ReturnType<typeof createConnectionPools>;

const isIdle = (pool: pg.Pool) => pool.idleCount > pool.waitingCount;
