import { AppError } from '../../core/errors.ts';
import type { OwnerSession } from '../../postgres/database.ts';
import { retailTables } from '../tables.ts';
import { generateSampleData } from './generate.ts';
import { parseSampleDataOptions, requireInteger, type SampleDataOptions } from './options.ts';
import { loadReferenceData } from './reference-data.ts';
import { type SampleRow, type SampleTable, sampleTables, storedColumns } from './rows.ts';

export interface LoadOptions extends SampleDataOptions {
  /** Rows a bulk statement; progress is told, and an abort heard, between two of them. */
  readonly batchSize: number;
  /** Replaces what the retail tables hold, embeddings included. */
  readonly force: boolean;
}

export interface LoadProgress {
  /** A table's name, or `rollups`, `sequences`, `analyze`. */
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

export interface LoadRequest {
  readonly session: OwnerSession;
  readonly schema?: string;
  readonly options?: Partial<LoadOptions>;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Aborting rolls back and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface LoadResult {
  readonly options: SampleDataOptions;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
}

export const DEFAULT_BATCH_SIZE = 5_000;
const MAX_BATCH_SIZE = 100_000;
const EMBEDDING_TABLES = ['product_description_embeddings', 'product_image_embeddings'];

/** Generates and loads the sample data in one transaction: afterwards the database is either seeded or untouched. */
export async function loadSampleData({
  session,
  schema = 'retail',
  options = {},
  onProgress = () => {},
  signal,
}: LoadRequest): Promise<LoadResult> {
  const { batchSize = DEFAULT_BATCH_SIZE, force = false, ...sample } = options;
  requireInteger('batch size', batchSize, 1, MAX_BATCH_SIZE);
  const data = generateSampleData(loadReferenceData(), parseSampleDataOptions(sample));
  const tables = sampleTables(data);
  const load = { session, schema, batchSize, signal, report: onProgress };

  signal?.throwIfAborted();
  await session.script('BEGIN');
  try {
    // Two loads at once take turns; the second then finds the first one's rows.
    await session.script(`LOCK TABLE ${schema}.stores IN SHARE ROW EXCLUSIVE MODE`);
    const resume = await suspendRowWork(load, tables);
    await clear(load, tables, force);
    for (const table of tables) await loadTable(load, table);
    await session.script(resume);
    await step(load, 'rollups', `SELECT ${schema}.rebuild_rollups()`);
    // Last, since a rollback does not take setval back.
    await step(load, 'sequences', sequencesPastMaximum(schema));
    await session.script('COMMIT');
  } catch (error) {
    // A lost connection has rolled back on its own: the first error is the one to tell.
    await session.script('ROLLBACK').catch(() => {});
    throw isDiskFull(error) ? diskFull(error) : error;
  }
  // Also VACUUM, which no transaction may hold: without it index-only scans go to the table for every row.
  const names = retailTables.map(({ name }) => `${schema}.${name}`).join(', ');
  await step({ ...load, signal: undefined }, 'analyze', `VACUUM (ANALYZE) ${names}`);
  return { options: data.options, rows: Object.fromEntries(tables.map(({ name, count }) => [name, count])) };
}

interface Load {
  readonly session: OwnerSession;
  readonly schema: string;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
  readonly report: (progress: LoadProgress) => void;
}

/**
 * Switches off, for this transaction only, the triggers that keep the rollups (they are rebuilt once, at the end) and FORCE on
 * the loaded tables, because COPY FROM refuses a table whose row-level security applies to the caller. Returns the statements
 * that switch both on again. https://www.postgresql.org/docs/17/sql-copy.html
 */
async function suspendRowWork({ session, schema }: Load, tables: readonly SampleTable[]): Promise<string> {
  const triggers = await session.query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS relation, quote_ident(t.tgname) AS name
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND t.tgname LIKE 'rollup\\_%' AND t.tgenabled = 'O' ORDER BY 1, 2`,
    [schema],
  );
  const forced = await session.query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS relation
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = ANY ($2) AND c.relforcerowsecurity ORDER BY 1`,
    [schema, tables.map(({ name }) => name)],
  );
  const statements = (verb: 'DISABLE' | 'ENABLE', force: string) => [
    ...triggers.map(({ relation, name }) => `ALTER TABLE ${relation} ${verb} TRIGGER ${name};`),
    ...forced.map(({ relation }) => `ALTER TABLE ${relation} ${force} ROW LEVEL SECURITY;`),
  ];
  await session.script(statements('DISABLE', 'NO FORCE').join('\n'));
  return statements('ENABLE', 'FORCE').join('\n');
}

async function clear({ session, schema }: Load, tables: readonly SampleTable[], force: boolean): Promise<void> {
  if (force) {
    // Without CASCADE: a table that others added and that refers to these is theirs to empty.
    const names = [...retailTables.map(({ name }) => name), ...EMBEDDING_TABLES];
    await session.script(`TRUNCATE ${names.map((name) => `${schema}.${name}`).join(', ')}`);
    return;
  }
  const filled = await session.query(
    tables.map(({ name }) => `SELECT '${name}' AS name WHERE EXISTS (SELECT FROM ${schema}.${name})`).join(' UNION ALL '),
  );
  if (filled.length === 0) return;
  throw new AppError('invalid_input', `The database already has rows in ${filled.map(({ name }) => name).join(', ')}`, {
    hint: 'Seed an empty database, or replace all retail rows and embeddings with --force.',
  });
}

async function loadTable(
  { session, schema, batchSize, signal, report }: Load,
  { name, count, rows }: SampleTable,
): Promise<void> {
  let done = 0;
  report({ step: name, done, total: count });
  for (const batch of inBatches(rows(), batchSize)) {
    signal?.throwIfAborted();
    await session.copyRows(`${schema}.${name}`, storedColumns(name), batch);
    done += batch.length;
    report({ step: name, done, total: count });
  }
}

async function step({ session, signal, report }: Load, name: string, script: string): Promise<void> {
  signal?.throwIfAborted();
  report({ step: name, done: 0, total: 1 });
  await session.script(script);
  signal?.throwIfAborted();
  report({ step: name, done: 1, total: 1 });
}

function sequencesPastMaximum(schema: string): string {
  return retailTables
    .filter(({ name, primaryKey }) => primaryKey.length === 1 && name !== 'regions')
    .map(({ name, primaryKey: [key] }) => {
      const relation = `${schema}.${name}`;
      return `SELECT setval(pg_get_serial_sequence('${relation}', '${key}'), (SELECT max(${key}) FROM ${relation}));`;
    })
    .join('\n');
}

function* inBatches(rows: Iterable<SampleRow>, size: number): Iterable<SampleRow[]> {
  let batch: SampleRow[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const isDiskFull = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '53100';

function diskFull(cause: unknown): AppError {
  return new AppError('dependency_unavailable', 'The database ran out of disk space; nothing was loaded', {
    hint: 'Free space on the database server or seed with a smaller --scale.',
    cause,
  });
}
