import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { databaseTarget, parseConnection } from '../config/database-target.ts';
import { processesExpected } from '../config/process-count.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { createPublicKeySource } from '../identity/key-source.ts';
import { createLocalIssuer, type LocalIssuer } from '../identity/local-issuer.ts';
import type { ServerAddress } from '../postgres/connection-settings.ts';
import type { Database, OwnerSession } from '../postgres/database.ts';
import { readMigrations } from '../postgres/migrate.ts';
import { openOwnerSession } from '../postgres/owner-session.ts';
import { createPoolDatabase } from '../postgres/pool-database.ts';
import { startTableListener, type WatchTables, watchEmbeddedTables } from '../postgres/table-listener.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import type { ScopeKey } from '../vault/scope-key.ts';
import { databaseLogin } from './database-login.ts';
import { type EmbeddedStart, startEmbedded } from './embedded-start.ts';
import { remoteIssuer, type TrustedIssuer } from './identity-edge.ts';
import { migrateRecorded } from './migrate-recorded.ts';
import { localKeys } from './secrets.ts';
import type { ServedSchema } from './served-schema.ts';

export interface OpenedDatabase {
  readonly database: Database;
  /** On the embedded database: a session as the schema's owner, or as its administrator. */
  readonly session?: (role: 'owner' | 'administrator') => OwnerSession;
  /** Absent where changes cannot be heard: then nothing may be answered from a cache. */
  readonly watchTables?: WatchTables;
  /** On a real server: connections with the same logins and limits to another one, which has a copy of the database. */
  readonly openCopy?: (address: ServerAddress) => Promise<Database>;
  /** Names the database among all that may share a Redis. */
  readonly place: string;
  /** On the embedded database: lets other processes' copies have what is in it now. */
  readonly keepTemplate?: () => Promise<void>;
  /** Of the embedded database: the whole cluster as a gzipped tar. */
  readonly dump?: () => Promise<Uint8Array>;
  /** What the person who starts the server should know. */
  readonly notice?: string;
  /** What the operator could set better. */
  readonly advice?: string;
}

export interface OpenDatabaseOptions {
  readonly config: Config;
  readonly served: ServedSchema;
  readonly key: ScopeKey;
  readonly onStep?: (step: string) => void;
  /** Fills a new embedded database in place of the served schema's own sample data. */
  readonly seed?: (session: OwnerSession, signal?: AbortSignal) => Promise<void>;
  /** Gives up the making of an embedded database. */
  readonly signal?: AbortSignal;
}

/** The embedded PostgreSQL unless a server is named. */
export async function openDatabase(options: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const { config, served } = options;
  const target = databaseTarget(config);
  const prefix = config.postgresRolePrefix;
  if (target.kind === 'embedded') return openEmbedded(options);
  const { address } = target;
  const server = databaseLogin(config, target.login);
  const listenTo = listenerAddress(config, address);
  const open = (maxConnections: number, at = address) =>
    createPoolDatabase({
      address: at,
      server,
      reader: (suffix) => ({ user: `${prefix}_${suffix}`, password: target.readerPassword }),
      useScopeFunction: served.definition.useScopeFunction,
      prepareStatements: config.postgresPooler !== 'transaction',
      // One of the budget is the listener's.
      maxConnections: Math.max(1, maxConnections - 1),
    });
  const wanted = connectionBounds(availableParallelism(), config).max;
  const withinBudget = await openWithinBudget(config, wanted, open);
  const { slots } = withinBudget.database.load();
  return {
    ...withinBudget,
    openCopy: (at) => open(slots + 1, at),
    place: `${address.host}:${address.port}/${address.database}`,
    ...(listenTo && {
      watchTables: async (sink, onFailure) =>
        startTableListener({ address: listenTo, login: server, channel: tableChannel, sink, onFailure }),
    }),
  };
}

/** Of all pools of a process together: by CPU unless set, and never a least above the most. */
export function connectionBounds(
  cpus: number,
  { postgresMinConnections: least, postgresMaxConnections: most }: Partial<Config> = {},
): { readonly min: number; readonly max: number } {
  const max = most ?? Math.min(20, 4 * cpus);
  return { min: Math.min(least ?? Math.max(2, cpus), max), max };
}

/**
 * The part of one process in what the server can take: a fifth is left to administrators, backups and other programs, and in
 * any case what PostgreSQL reserves (https://www.postgresql.org/docs/current/runtime-config-connection.html). Two at the least:
 * one for the listener.
 */
export function connectionShare(server: { readonly max: number; readonly reserved: number }, processes: number): number {
  return Math.max(2, Math.floor(Math.min(0.8 * server.max, server.max - server.reserved) / processes));
}

async function openWithinBudget(
  config: Config,
  wanted: number,
  open: (maxConnections: number) => Promise<Database>,
): Promise<Pick<OpenedDatabase, 'database' | 'advice'>> {
  const database = await open(wanted);
  // Behind a pooler, its own limits hold.
  if (config.postgresPooler === 'transaction') return { database };
  const processes = processesExpected(config);
  const server = await serverConnections(database).catch(async (error) => {
    await database.close();
    throw error;
  });
  const share = connectionShare(server, processes);
  if (share >= wanted) return { database };
  await database.close();
  return {
    database: await open(share),
    advice: `PostgreSQL takes ${server.max} connections: each of ${processes} processes (REPLICAS_EXPECTED × SERVER_WORKERS, or what AUTOSCALE_MAX allows) keeps to ${share} in place of ${wanted}. Raise max_connections, or lower POSTGRES_MAX_CONNECTIONS.`,
  };
}

async function serverConnections(database: Database): Promise<{ max: number; reserved: number }> {
  const [row] = await database.query(
    `SELECT current_setting('max_connections') AS max,
       current_setting('superuser_reserved_connections')::int + current_setting('reserved_connections')::int AS reserved`,
  );
  return { max: Number(row?.max), reserved: Number(row?.reserved) };
}

/** Of the migrations' triggers. */
const tableChannel = 'zava_table_changed';

/** A pooler in transaction mode loses LISTEN: there the listener needs POSTGRES_DIRECT_URL. */
function listenerAddress(config: Config, address: ServerAddress): ServerAddress | undefined {
  if (config.postgresDirectUrl !== undefined) return parseConnection(config.postgresDirectUrl, config).address;
  return config.postgresPooler === 'transaction' ? undefined : address;
}

async function openEmbedded({ config, served, key, onStep, seed, signal }: OpenDatabaseOptions): Promise<OpenedDatabase> {
  const prefix = config.postgresRolePrefix;
  const started: EmbeddedStart = await startEmbedded({
    dataDir: config.dataDir,
    definition: served.definition,
    prefix,
    migrations: await readMigrations(served.migrations),
    signingKey: key,
    seed: seed ?? ((session, stop) => served.seed(session, undefined, stop)),
    ...(onStep && { onStep }),
    ...(signal && { signal }),
  });
  const { database } = started;
  return {
    database,
    place: `embedded in ${resolve(config.dataDir)}`,
    watchTables: async (sink) => {
      // While it serves, this process gives nobody a session that could change a table.
      await watchEmbeddedTables(database, sink);
      return { close: async () => {} };
    },
    keepTemplate: started.keepTemplate,
    dump: database.dump,
    session: (role) => database.session(role === 'owner' ? `${prefix}_owner` : null),
    ...(started.copy && {
      notice: `Another process uses ${config.dataDir}: this one serves a copy of the demonstration data in memory, and forgets changes.`,
    }),
  };
}

/** A connection that POSTGRES_OWNER_URL or POSTGRES_OPERATOR_URL names, for commands that set up or inspect a real server. */
export function openNamedSession(config: Config, setting: 'postgresOwnerUrl' | 'postgresOperatorUrl'): Promise<OwnerSession> {
  const url = config[setting];
  if (url === undefined) {
    const name = setting === 'postgresOwnerUrl' ? 'POSTGRES_OWNER_URL' : 'POSTGRES_OPERATOR_URL';
    throw new AppError('misconfigured', `This command needs ${name}`, {
      hint: `Set ${name}=postgresql://<login>:<password>@<host>/<database>.`,
    });
  }
  return openSession(config, url);
}

export async function openSession(config: Config, url: string): Promise<OwnerSession> {
  const { address, login } = parseConnection(url, config);
  try {
    return await openOwnerSession(address, databaseLogin(config, login));
  } catch (cause) {
    const place = `${address.host}:${address.port}/${address.database}`;
    throw new AppError('dependency_unavailable', `Cannot connect to ${place} as ${login.user}`, {
      hint: 'Check that the server runs and that the connection string names its address, database, login and password.',
      cause,
    });
  }
}

export async function migrateSchema(
  config: Config,
  served: ServedSchema,
  session: OwnerSession,
  onApplied: (name: string) => void,
) {
  return migrateRecorded({
    session,
    migrations: await readMigrations(served.migrations),
    prefix: config.postgresRolePrefix,
    onApplied: ({ version, name }) => onApplied(`${String(version).padStart(4, '0')}_${name}`),
  });
}

export function developmentIssuer(config: Config, clock: Clock): Promise<LocalIssuer> {
  return createLocalIssuer({
    issuer: config.authIssuer,
    keyFiles: localKeys(config),
    clock,
    production: config.environment === 'production',
  });
}

/** Undefined where nothing is configured: then every HTTP call is refused. */
export async function trustedIssuer(config: Config, clock: Clock, note: Note): Promise<TrustedIssuer | undefined> {
  const issuer = config.authIssuer;
  if (config.authPublicKey !== undefined) return { issuer, keys: await createPublicKeySource(config.authPublicKey) };
  if (config.devIssuer) return { issuer, keys: (await developmentIssuer(config, clock)).keys };
  return remoteIssuer(config, clock, note);
}

/** One connection for everything that replicas share. Undefined where no Redis is named. */
export async function sharedRedis(config: Config, note: Note): Promise<RedisConnection | undefined> {
  if (config.redisUrl === undefined) return undefined;
  // Loaded only where it is used: the driver would take its share of every start.
  const { openRedis } = await import('../resilience/redis-connection.ts');
  return openRedis({ url: config.redisUrl, note });
}
