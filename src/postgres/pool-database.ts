import type pg from 'pg';
import { AppError } from '../core/errors.ts';
import { within } from '../core/within.ts';
import { cancelBackend } from './cancel-request.ts';
import { type ConnectionPools, createConnectionPools } from './connection-pools.ts';
import type { Login, ServerAddress } from './connection-settings.ts';
import type { BindValue, Database, TenantResult, TenantStatement, TextRow } from './database.ts';
import { createFairQueue } from './fair-queue.ts';
import { createPreparedStatements, type PreparedStatements, unprepared } from './prepared-statements.ts';
import { fromOwnStatement, fromPostgres } from './sqlstate.ts';
import { createTenantExchange, scopeRefusal, toBindText } from './tenant-exchange.ts';
import { createRollback, createTenantQuery } from './tenant-query.ts';

export interface PoolDatabaseOptions {
  readonly address: ServerAddress;
  readonly server: Login;
  /** Login of a reader suffix, for example `reader_costs`. */
  readonly reader: (suffix: string) => Login;
  readonly useScopeFunction: string;
  /** Most connections of this process, all logins together. */
  readonly maxConnections: number;
  readonly acquireTimeoutMs?: number;
  readonly queueLimit?: number;
  /** Longest wait for one of the server's own statements: they are small, so a database that takes longer is away. */
  readonly ownTimeoutMs?: number;
  /** False behind a pooler that gives a connection to somebody else between two calls. */
  readonly prepareStatements?: boolean;
}

/** What a statement that is past its deadline has to come to its end. After that its caller waits no longer. */
const stopMs = 300;

/** Of the server's own statements. */
const ownShare = 'server';

/** Every value stays PostgreSQL's text: dates keep their day, numbers their digits. */
const asText = { getTypeParser: () => (value: string) => value };

/** A real PostgreSQL: one pool for the server's own login and a lazy one for each reader login, inside one budget. */
export async function createPoolDatabase(options: PoolDatabaseOptions): Promise<Database> {
  const { address, maxConnections } = options;
  const pools = createConnectionPools({ address, maxConnections, keep: options.server });
  const queue = createFairQueue({
    slots: maxConnections,
    // One connection is left for everybody else, however many calls one tenant makes, and one for the server itself.
    slotsPerKey: (slots) => (slots >= 4 ? slots - 2 : slots),
    // Connections are four for each CPU, unless set: a tenant who is not alone leaves the others their CPU, too.
    slotsPerKeyInCompany: (slots) => Math.ceil(slots / 4),
    // Who a token is, and whether it still holds: every call waits for it. Its connection is there however long the others take.
    first: ownShare,
    slotsForFirst: (slots) => (slots >= 4 ? 1 : 0),
    queueLimit: options.queueLimit ?? 200,
    queueLimitPerKey: Math.ceil((options.queueLimit ?? 200) / 2),
    timeoutMs: options.acquireTimeoutMs ?? 5000,
  });
  const { ownTimeoutMs = 5000 } = options;
  const query = (text: string, values: readonly BindValue[] = []) => {
    const left = untilDeadline(ownTimeoutMs);
    const run = () => runOnServer(pools, options.server, { text, values, timeoutMs: left() });
    return within(ownTimeoutMs, queue.run(ownShare, undefined, run, ownTimeoutMs), silent);
  };
  try {
    const [row] = await query("SELECT current_setting('server_version_num') AS version");
    return {
      kind: 'postgresql',
      serverMajor: Math.floor(Number(row?.version) / 10_000),
      runAsTenant: (statement) => {
        const { share = '', signal, timeoutMs } = statement;
        const left = untilDeadline(timeoutMs);
        const run = () => runAsTenant(pools, { ...statement, timeoutMs: left() }, options);
        return within(timeoutMs + stopMs, queue.run(share, signal, run, timeoutMs), silent);
      },
      query,
      load: queue.load,
      waits: queue.waits,
      resize(connections) {
        const within = Math.min(connections, maxConnections);
        queue.resize(within);
        pools.resize(within);
      },
      close: pools.close,
    };
  } catch (error) {
    await pools.close();
    throw error;
  }
}

/** A deadline counts from the call on: what was spent on waiting and connecting is not there for the statement. */
function untilDeadline(timeoutMs: number): () => number {
  const endsAt = performance.now() + timeoutMs;
  return () => Math.max(1, endsAt - performance.now());
}

/** A peer that went silent ends nothing by itself. What comes of its statement is cleaned up in its own time, in its own slot. */
const silent = () => fromPostgres(new Error('timeout exceeded: the database stays silent'));

interface OwnStatement {
  readonly text: string;
  readonly values: readonly BindValue[];
  readonly timeoutMs: number;
}

async function runOnServer(pools: ConnectionPools, login: Login, statement: OwnStatement): Promise<TextRow[]> {
  const { text, values, timeoutMs } = statement;
  let client: pg.PoolClient | undefined;
  let late: NodeJS.Timeout | undefined;
  try {
    client = await pools.connect(login);
    late = setTimeout(hangUp, timeoutMs, client);
    const result = await client.query({
      text,
      values: values.map(toBindText),
      types: asText,
      queryMode: 'extended',
    } as pg.QueryConfig);
    client.release();
    return result.rows as TextRow[];
  } catch (error) {
    client?.release(true);
    throw fromOwnStatement(error);
  } finally {
    clearTimeout(late);
  }
}

async function runAsTenant(
  pools: ConnectionPools,
  statement: TenantStatement,
  options: PoolDatabaseOptions,
): Promise<TenantResult> {
  try {
    return await runOnce(pools, statement, options);
  } catch (error) {
    // Nothing has run: the connection did not have the statement that was bound, and is gone.
    if (isLostStatement((error as { cause?: unknown }).cause)) return runOnce(pools, statement, options);
    throw error;
  }
}

async function runOnce(pools: ConnectionPools, statement: TenantStatement, options: PoolDatabaseOptions): Promise<TenantResult> {
  const client = await pools.connect(options.reader(statement.reader)).catch((error: unknown) => {
    throw fromPostgres(error);
  });
  const { useScopeFunction, prepareStatements = true } = options;
  const exchange = createTenantExchange(statement, {
    useScopeFunction,
    prepared: prepareStatements ? preparedOn(client) : unprepared,
  });
  const query = createTenantQuery(exchange, statement.limits.maxBytes);
  const clock = cancelWhenLate(client, statement, options.address);
  let reusable = false;
  try {
    statement.signal?.throwIfAborted();
    client.query(query.submittable);
    const outcome = await query.outcome;
    reusable = outcome.reusable;
    if (reusable) exchange.confirm();
    return outcome.result;
  } catch (error) {
    if (statement.signal?.aborted) throw new AppError('query_timeout', 'The call was cancelled', { cause: error });
    // The pipeline stopped at the error, inside the transaction.
    reusable = !isLostStatement(error) && (await rollBack(client, exchange.abandon()));
    throw fromPostgres(exchange.reply.scopeRefused() ? scopeRefusal(error as Error) : error);
  } finally {
    clock.stop();
    // A request to cancel may still be on its way: it must not meet the next caller's statement.
    client.release(!reusable || clock.rang());
  }
}

const ofConnections = new WeakMap<pg.PoolClient, PreparedStatements>();

function preparedOn(client: pg.PoolClient): PreparedStatements {
  const known = ofConnections.get(client) ?? createPreparedStatements();
  ofConnections.set(client, known);
  return known;
}

const lostStatements: ReadonlySet<unknown> = new Set(['26000', '42P05']);

/**
 * A prepared statement is gone, is there already, or would give other columns than it did: the connection is given up. The last
 * has the SQLSTATE of all that PostgreSQL does not support, such as the time zone of a timestamp without one; a caller's mistake costs
 * no connection.
 */
function isLostStatement(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown };
  return lostStatements.has(code) || (code === '0A000' && routine === 'RevalidateCachedQuery');
}

async function rollBack(client: pg.PoolClient, closes: readonly Buffer[]): Promise<boolean> {
  const { submittable, outcome } = createRollback(closes);
  try {
    client.query(submittable);
    await outcome;
    return true;
  } catch {
    return false;
  }
}

function hangUp(client: pg.PoolClient): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

interface Alarm {
  stop(): void;
  /** True once the backend has been asked to stop. */
  rang(): boolean;
}

/** The deadline and the caller's going away both stop the statement in the database; a backend that will not stop loses its connection. */
function cancelWhenLate(client: pg.PoolClient, { timeoutMs, signal }: TenantStatement, address: ServerAddress): Alarm {
  const target = client as unknown as { processID: number; secretKey: number };
  const hangUpNow = () => hangUp(client);
  let lastResort: NodeJS.Timeout | undefined;
  const cancel = () => {
    if (lastResort !== undefined) return;
    lastResort = setTimeout(hangUpNow, 3000);
    cancelBackend(address, { processId: target.processID, secretKey: target.secretKey }).catch(hangUpNow);
  };
  const timer = setTimeout(cancel, timeoutMs);
  signal?.addEventListener('abort', cancel, { once: true });
  return {
    stop() {
      clearTimeout(timer);
      clearTimeout(lastResort);
      signal?.removeEventListener('abort', cancel);
    },
    rang: () => lastResort !== undefined,
  };
}
