import pg from 'pg';
import { AppError } from '../core/errors.ts';
import { cancelBackend } from './cancel-request.ts';
import { type Login, type ServerAddress, toClientConfig } from './connection-settings.ts';
import type { BindValue, Database, TenantResult, TenantStatement, TextRow } from './database.ts';
import { createGate, type Gate } from './gate.ts';
import { fromOwnStatement, fromPostgres } from './sqlstate.ts';
import { createTenantExchange, toBindText } from './tenant-exchange.ts';
import { createTenantQuery } from './tenant-query.ts';

export interface PoolDatabaseOptions {
  readonly address: ServerAddress;
  readonly server: Login;
  /** Login of a reader suffix, for example `reader_costs`. */
  readonly reader: (suffix: string) => Login;
  readonly useScopeFunction: string;
  /** Connections of this process, all logins together. */
  readonly maxConnections: number;
  readonly acquireTimeoutMs?: number;
  readonly queueLimit?: number;
}

/** Every value stays PostgreSQL's text: dates keep their day, numbers their digits. */
const asText = { getTypeParser: () => (value: string) => value };

/** A real PostgreSQL: one pool for the server's own login and a lazy one for each reader login, inside one budget. */
export async function createPoolDatabase(options: PoolDatabaseOptions): Promise<Database> {
  const pools = new Map<string, pg.Pool>();
  const gate = createGate({
    slots: options.maxConnections,
    queueLimit: options.queueLimit ?? 200,
    timeoutMs: options.acquireTimeoutMs ?? 5000,
  });
  const poolOf = (login: Login): pg.Pool => {
    const known = pools.get(login.user);
    if (known !== undefined) return known;
    const pool = new pg.Pool({
      ...toClientConfig(options.address, login),
      max: options.maxConnections,
      idleTimeoutMillis: 300_000,
      maxUses: 50_000,
    });
    // A connection that breaks fails its own call and is replaced at the next; without listeners it would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    pools.set(login.user, pool);
    return pool;
  };
  const query = (text: string, values: readonly BindValue[] = []) => runOnServer(gate, poolOf(options.server), text, values);
  try {
    const [row] = await query("SELECT current_setting('server_version_num') AS version");
    return {
      kind: 'postgresql',
      serverMajor: Math.floor(Number(row?.version) / 10_000),
      runAsTenant: (statement) => runAsTenant(gate, poolOf(options.reader(statement.reader)), statement, options),
      query,
      close: async () => {
        await Promise.all([...pools.values()].map((pool) => pool.end()));
      },
    };
  } catch (error) {
    await Promise.all([...pools.values()].map((pool) => pool.end()));
    throw error;
  }
}

async function runOnServer(gate: Gate, pool: pg.Pool, text: string, values: readonly BindValue[]): Promise<TextRow[]> {
  return gate.run(undefined, async () => {
    try {
      const result = await pool.query({
        text,
        values: values.map(toBindText),
        types: asText,
        queryMode: 'extended',
      } as pg.QueryConfig);
      return result.rows as TextRow[];
    } catch (error) {
      throw fromOwnStatement(error);
    }
  });
}

async function runAsTenant(
  gate: Gate,
  pool: pg.Pool,
  statement: TenantStatement,
  options: PoolDatabaseOptions,
): Promise<TenantResult> {
  return gate.run(statement.signal, async () => {
    const client = await pool.connect().catch((error: unknown) => {
      throw fromPostgres(error);
    });
    let reusable = false;
    try {
      const exchange = createTenantExchange(statement, { useScopeFunction: options.useScopeFunction });
      const query = createTenantQuery(exchange, statement.limits.maxBytes);
      const stopClock = cancelWhenLate(client, statement, options.address);
      try {
        client.query(query.submittable);
        const outcome = await query.outcome;
        reusable = outcome.reusable;
        return outcome.result;
      } catch (error) {
        // The pipeline stopped at the error, inside the transaction.
        reusable = await rollBack(client);
        if (statement.signal?.aborted) throw new AppError('query_timeout', 'The call was cancelled', { cause: error });
        throw fromPostgres(error);
      } finally {
        stopClock();
      }
    } finally {
      client.release(!reusable);
    }
  });
}

async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query({ text: 'ROLLBACK', queryMode: 'extended' } as pg.QueryConfig);
    return true;
  } catch {
    return false;
  }
}

/** The deadline and the caller's going away both stop the statement in the database; a backend that will not stop loses its connection. */
function cancelWhenLate(client: pg.PoolClient, statement: TenantStatement, address: ServerAddress): () => void {
  const target = client as unknown as {
    processID: number;
    secretKey: number;
    connection: { stream: { destroy(error?: Error): void } };
  };
  let lastResort: NodeJS.Timeout | undefined;
  const cancel = () => {
    cancelBackend(address, { processId: target.processID, secretKey: target.secretKey }).catch(() =>
      target.connection.stream.destroy(),
    );
    lastResort = setTimeout(() => target.connection.stream.destroy(), 3000);
  };
  const timer = setTimeout(cancel, statement.timeoutMs);
  statement.signal?.addEventListener('abort', cancel, { once: true });
  if (statement.signal?.aborted) cancel();
  return () => {
    clearTimeout(timer);
    clearTimeout(lastResort);
    statement.signal?.removeEventListener('abort', cancel);
  };
}
