import { type Extensions, PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { vector } from '@electric-sql/pglite-pgvector';
import type { BindValue, ColumnType, TenantResult, TenantStatement, TextRow } from './database.ts';
import { createTenantExchange, cursorPrefix, scopeRefusal, toBindText } from './tenant-exchange.ts';

export interface EmbeddedSessionOptions {
  /** Directory of the data, or `memory` for a copy that ends with the process. */
  readonly dataDir: string | 'memory';
  /** A tarball from `dump`, to start from in place of an empty cluster. */
  readonly template?: Uint8Array | undefined;
}

/** What the worker is asked to do; every message is plain data, so that it can cross a thread. */
export interface EmbeddedSession {
  runAsTenant(statement: Omit<TenantStatement, 'signal'>, useScopeFunction: string, role: string): Promise<TenantResult>;
  /** One statement by the extended protocol, as `role` (null: as the cluster's superuser). */
  query(role: string | null, text: string, values: readonly BindValue[]): Promise<TextRow[]>;
  script(role: string | null, text: string): Promise<void>;
  insertRows(
    role: string | null,
    table: string,
    columns: readonly ColumnType[],
    rows: (string | number | null)[][],
  ): Promise<void>;
  /** The whole cluster as a gzipped tarball. */
  dump(): Promise<Uint8Array>;
  close(): Promise<void>;
}

const textOf = (value: string) => value;
/** Types that PGlite would turn into JavaScript values: all of them stay text here. */
const asText = Object.fromEntries(
  [
    16, 17, 20, 21, 23, 25, 26, 114, 700, 701, 1042, 1043, 1082, 1114, 1184, 1700, 3802, 1000, 1005, 1007, 1009, 1016, 1021, 1022,
    1182, 1231,
  ].map((oid) => [oid, textOf]),
);

/** PostgreSQL in this thread (WASM, one superuser session). A query blocks the thread: servers run it in a worker. */
export async function openEmbeddedSession(options: EmbeddedSessionOptions): Promise<EmbeddedSession> {
  const extensions: Extensions = { vector, pg_trgm };
  const template = options.template === undefined ? undefined : new Blob([options.template as Uint8Array<ArrayBuffer>]);
  const db = await PGlite.create({
    ...(options.dataDir === 'memory' ? {} : { dataDir: options.dataDir }),
    ...(template === undefined ? {} : { loadDataDir: template }),
    extensions,
  });
  // The cursor that holds a caller's statement must be planned for all of its rows.
  await db.exec('SET cursor_tuple_fraction = 1; SET jit = off');
  let currentRole: string | null = null;
  const become = async (role: string | null) => {
    if (role === currentRole) return;
    await db.exec(role === null ? 'RESET ROLE' : `SET ROLE ${role}`);
    currentRole = role;
  };

  return {
    async runAsTenant(statement, useScopeFunction, role) {
      await become(null);
      return runAsTenant(db, statement, useScopeFunction, role);
    },
    async query(role, text, values) {
      await become(role);
      const result = await db.query<TextRow>(text, values.map(toBindText), { parsers: asText, serializers: passThroughText });
      return result.rows;
    },
    async script(role, text) {
      await become(role);
      await db.exec(text);
    },
    async insertRows(role, table, columns, rows) {
      await become(role);
      const names = columns.map((column) => column.name).join(', ');
      const arrays = columns.map((column, index) => `$${index + 1}::${baseType(column.type)}[]`).join(', ');
      const values = columns.map((_, index) => toBindText(rows.map((row) => row[index] ?? null)));
      await db.query(`INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays})`, values, { serializers: passThroughText });
    },
    async dump() {
      await become(null);
      return new Uint8Array(await (await db.dumpDataDir('gzip')).arrayBuffer());
    },
    close: () => db.close(),
  };
}

/** Values arrive as PostgreSQL's text already. */
const passThroughText = new Proxy<Record<number, (value: unknown) => string>>(
  {},
  { get: () => (value: unknown) => String(value) },
);

/** `numeric(10,2)` → `numeric`: the column itself keeps the modifier. */
const baseType = (type: string) => type.replace(/\(.*\)$/, '');

async function runAsTenant(
  db: PGlite,
  statement: Omit<TenantStatement, 'signal'>,
  useScopeFunction: string,
  role: string,
): Promise<TenantResult> {
  const { request, reply } = createTenantExchange(statement, { useScopeFunction, switchToRole: role });
  const { messages } = await db.execProtocol(request, { throwOnError: false, syncToFs: false });
  for (const message of messages) {
    if (message.name === 'rowDescription') reply.rowDescription((message as never as { fields: [] }).fields);
    else if (message.name === 'dataRow') reply.dataRow((message as never as { fields: (string | null)[] }).fields);
    else if (message.name === 'commandComplete' || message.name === 'portalSuspended' || message.name === 'emptyQuery')
      reply.stepDone();
    else if (message.name === 'error') {
      await db.exec('ROLLBACK');
      const error = withoutCursorPrefix(message as never as Error & { position?: string });
      throw reply.scopeRefused() ? scopeRefusal(error) : error;
    }
  }
  return reply.result();
}

/** Positions count from the start of the text that was sent: give them back as the caller's statement has them. */
function withoutCursorPrefix(error: Error & { position?: string }): Error {
  const position = Number(error.position);
  if (position > cursorPrefix.length) error.position = String(position - cursorPrefix.length);
  return error;
}
