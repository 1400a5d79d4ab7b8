import type { OwnerSession } from '../postgres/database.ts';
import { isPostgresError } from '../postgres/sqlstate.ts';
import { nameOf, quoted, type Table } from './catalogue.ts';

/** What a sample of a table's rows says of one column. PostgreSQL hides its own statistics of tables with row-level security. */
export interface ColumnSample {
  readonly distinct: number;
  /** Share of rows without a value, 0..1. */
  readonly nulls: number;
  /** The most frequent values first, with the share of rows that have them. Data: for plans, never for print. */
  readonly common: readonly { readonly value: string; readonly share: number }[];
  /** All different values are among the common ones. */
  readonly complete: boolean;
  /** Values below which 5, 45, 50, 55 and 95 % of the rows lie; absent where values have no order or nobody asks. */
  readonly quantiles?: readonly string[];
}

export type Samples = ReadonlyMap<string, ColumnSample>;

export const sampleKey = (table: Table, column: string): string => JSON.stringify([table.schema, table.name, column]);

export interface SampleRequest {
  readonly table: Table;
  readonly column: string;
  readonly ordered: boolean;
}

const mostRows = 30_000;
const mostCommon = 12;

/** Reads at most 30,000 rows a column. A column that this login may not read has no sample. */
export async function readSamples(session: OwnerSession, requests: Iterable<SampleRequest>): Promise<Samples> {
  const samples = new Map<string, ColumnSample>();
  for (const request of requests) {
    const key = sampleKey(request.table, request.column);
    if (samples.has(key)) continue;
    await session.script("BEGIN READ ONLY; SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '1s'");
    try {
      const [row] = await session.query(statementFor(request));
      samples.set(key, toSample(JSON.parse(row?.told ?? '{}') as Told, request.table));
    } catch (error) {
      // No right to read it, a type without order or equality, a time limit: advice then goes without.
      if (!isPostgresError(error)) throw error;
    } finally {
      await session.script('ROLLBACK');
    }
  }
  return samples;
}

function statementFor({ table, column, ordered }: SampleRequest): string {
  const percent = Math.min(100, (100 * mostRows * 1.2) / Math.max(1, table.rows));
  const part = percent >= 100 || table.partitioned ? '' : `TABLESAMPLE SYSTEM (${percent.toFixed(4)}) REPEATABLE (7)`;
  const quantiles = ordered
    ? `percentile_disc(ARRAY[0.05, 0.45, 0.5, 0.55, 0.95]) WITHIN GROUP (ORDER BY v)::text[]`
    : 'NULL::text[]';
  return `WITH s AS MATERIALIZED (SELECT ${quoted(column)} AS v FROM ${nameOf(table)} ${part} LIMIT ${mostRows})
    SELECT json_build_object('rows', count(*), 'filled', count(v), 'distinct', count(DISTINCT v), 'quantiles', ${quantiles},
      'common', (SELECT json_agg(c) FROM (SELECT v::text AS value, count(*) AS count FROM s WHERE v IS NOT NULL
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${mostCommon}) c))::text AS told FROM s`;
}

interface Told {
  readonly rows: number;
  readonly filled: number;
  readonly distinct: number;
  readonly quantiles: string[] | null;
  readonly common: { value: string; count: number }[] | null;
}

function toSample({ rows, filled, distinct, quantiles, common }: Told, table: Table): ColumnSample {
  const all = Math.max(1, rows);
  // Nearly every sampled value differs: so do those that were not sampled.
  const scale = distinct > 0.9 * filled ? Math.max(1, table.rows / all) : 1;
  return {
    distinct: Math.max(1, Math.round(distinct * scale)),
    nulls: (all - filled) / all,
    common: (common ?? []).map(({ value, count }) => ({ value, share: count / all })),
    complete: distinct <= mostCommon && rows > 0,
    ...(quantiles && { quantiles }),
  };
}
