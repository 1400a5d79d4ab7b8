import type { Database, TextRow } from '../postgres/database.ts';
import type { NamedColumn } from '../query/query-result.ts';
import type { SearchProducts } from './search-products.ts';

/**
 * The served schema's own statement. `$1` is the question, `$2` the most rows wanted. It returns the described columns as
 * text, then `cover` (share of the question's words found, 0..1), and `likeness` (trigram similarity, 0..1), best first.
 */
export interface LexicalCatalogue {
  readonly sql: string;
  readonly columns: readonly NamedColumn[];
}

export interface LexicalSearchOptions {
  readonly database: Pick<Database, 'query'>;
  readonly catalogue: LexicalCatalogue;
}

const scoreColumns: readonly NamedColumn[] = [
  { name: 'similarity', type: 'numeric' },
  { name: 'matched_by', type: 'text' },
];

const confidentFrom = 50;
const wordsOnly = 'Matched by words only: meaning was not compared, so try other words for the same thing.';

/** Compares words, not meaning: what remains when no embedding model answers. */
export function createLexicalSearch({ database, catalogue }: LexicalSearchOptions): SearchProducts {
  return async ({ query, maxRows, threshold }) => {
    const candidates = await database.query(catalogue.sql, [query, maxRows + 1]);
    const found = candidates.map((row) => ({ row, score: score(row) })).filter((match) => match.score >= threshold);
    found.sort((a, b) => b.score - a.score);
    const kept = found.slice(0, maxRows);
    const truncated = found.length > kept.length;
    return {
      columns: [...catalogue.columns, ...scoreColumns],
      rowsJson: `[${kept.map(({ row, score }) => rowJson(catalogue.columns, row, score)).join(',')}]`,
      rowCount: kept.length,
      truncated,
      model: 'lexical',
      degraded: true,
      lowConfidence: (kept[0]?.score ?? 0) < confidentFrom,
      message: messageFor(kept.length, truncated, threshold),
    };
  };
}

/** Every word found is 90 and more; half of them, or a close misspelling, about 50; a chance likeness stays below 30. */
export function lexicalScore(cover: number, likeness: number): number {
  const byWords = cover * 90;
  const byLetters = likeness < 0.3 ? likeness * 60 : likeness * 85;
  return Math.min(100, Math.max(byWords, byLetters) + 10 * Math.min(cover, likeness));
}

const score = (row: TextRow): number => Math.round(lexicalScore(Number(row.cover), Number(row.likeness)) * 10) / 10;

function rowJson(columns: readonly NamedColumn[], row: TextRow, score: number): string {
  const values = columns.map(({ name, type }) => {
    const value = row[name] ?? null;
    // A numeric arrives as PostgreSQL's digits, which are JSON already.
    return value !== null && type === 'numeric' ? value : JSON.stringify(value);
  });
  return `[${[...values, score.toFixed(1), '"words"'].join(',')}]`;
}

function messageFor(rows: number, truncated: boolean, threshold: number): string {
  if (rows === 0) return `No products >= ${threshold}%`;
  return truncated ? `more products match: raise max_rows or similarity_threshold. ${wordsOnly}` : wordsOnly;
}
