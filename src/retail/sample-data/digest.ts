import { createHash } from 'node:crypto';
import type { OwnerSession } from '../../postgres/database.ts';
import { retailTables } from '../tables.ts';
import { at } from './columns.ts';
import type { SampleData } from './generate.ts';
import { type SampleRow, sampleTables, storedColumns } from './rows.ts';

/** Lower-case hexadecimal SHA-256 by table. */
export type Digests = Readonly<Record<string, string>>;

const BATCH_ROWS = 10_000;

/** Digests of the base tables as a database loaded with this data would give them. */
export function digestSampleData(data: SampleData): Digests {
  return Object.fromEntries(
    sampleTables(data).map(({ name, rows }) => {
      const digest = createTableDigest();
      digest.add(rows());
      return [name, digest.hex()];
    }),
  );
}

/**
 * Digests of the base tables and rollups: the SHA-256 of `COPY (SELECT <columns> … ORDER BY <primary key>) TO STDOUT`, so anyone
 * can check them with psql and sha256sum. Needs an open transaction with ISO dates; a cursor keeps memory flat.
 */
export async function digestTables(session: OwnerSession, schema: string): Promise<Digests> {
  const digests: Record<string, string> = {};
  for (const { name, primaryKey } of retailTables) {
    const columns = storedColumns(name).map((column) => column.name);
    await session.query(
      `DECLARE digest_rows NO SCROLL CURSOR FOR SELECT ${columns.join(', ')} FROM ${schema}.${name} ORDER BY ${primaryKey.join(', ')}`,
    );
    const digest = createTableDigest();
    for (;;) {
      const rows = await session.query(`FETCH ${BATCH_ROWS} FROM digest_rows`);
      digest.add(rows.map((row) => columns.map((column) => at(row, column))));
      if (rows.length < BATCH_ROWS) break;
    }
    await session.query('CLOSE digest_rows');
    digests[name] = digest.hex();
  }
  return digests;
}

function createTableDigest() {
  const hash = createHash('sha256');
  let pending = '';
  return {
    add(rows: Iterable<SampleRow>): void {
      for (const row of rows) {
        pending += copyTextLine(row);
        if (pending.length > 65_536) {
          hash.update(pending);
          pending = '';
        }
      }
    },
    hex: (): string => hash.update(pending).digest('hex'),
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** A row in PostgreSQL's COPY text format: no two different rows have the same line. */
export function copyTextLine(row: SampleRow): string {
  return `${row.map((value) => (value === null ? '\\N' : escapeText(String(value)))).join('\t')}\n`;
}

function escapeText(text: string): string {
  return text.replace(/[\\\b\f\n\r\t\v]/g, (character) => at(ESCAPES, character));
}
