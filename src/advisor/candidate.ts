import { createHash } from 'node:crypto';
import { columnOf, type Index, nameOf, quoted, type Table } from './catalogue.ts';

/** An index that does not exist, and might help. */
export interface Candidate {
  readonly table: Table;
  readonly method: 'btree' | 'gin';
  readonly keys: readonly CandidateKey[];
  readonly include: readonly string[];
  /** Rows that it holds, as SQL; absent = all of them. */
  readonly predicate?: string;
}

export interface CandidateKey {
  /** The column's name as it is, or an expression. */
  readonly text: string;
  readonly expression: boolean;
  /** Order or operator class: `DESC`, `text_pattern_ops`. */
  readonly options: string;
}

const keySql = ({ text, expression, options }: CandidateKey) =>
  `${expression ? `(${text})` : quoted(text)}${options === '' ? '' : ` ${options}`}`;

/** All that follows the index's name. */
export function candidateBody({ table, method, keys, include, predicate }: Candidate): string {
  const using = method === 'btree' ? '' : ` USING ${method}`;
  const including = include.length === 0 ? '' : ` INCLUDE (${include.map(quoted).join(', ')})`;
  return `ON ${nameOf(table)}${using} (${keys.map(keySql).join(', ')})${including}${predicate === undefined ? '' : ` WHERE ${predicate}`}`;
}

/** Says what the index is over; at most the 63 bytes that PostgreSQL keeps of a name, and no other index of the schema has it. */
export function candidateName(candidate: Candidate, taken: ReadonlySet<string>): string {
  const parts = candidate.keys.map(({ text }) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_|_$/g, ''),
  );
  const some = candidate.predicate === undefined ? [] : ['some'];
  const whole = ['idx', candidate.table.name.replace(/[^a-z0-9_]/gi, '_'), ...parts, ...some].join('_');
  const short = Buffer.byteLength(whole) <= 55 ? whole : whole.slice(0, 46);
  const digest = createHash('sha256').update(candidateBody(candidate)).digest('hex').slice(0, 6);
  return short === whole && !taken.has(whole) ? whole : `${short}_${digest}`;
}

/** A usable index that does all that the candidate would: it begins with the same keys, and holds the same columns and rows. */
export function coveredBy(candidate: Candidate, index: Index): boolean {
  if (!index.valid || index.method !== candidate.method || (index.predicate !== undefined && !samePredicate(candidate, index)))
    return false;
  const begins = candidate.keys.every((key, place) => {
    const own = index.keys[place];
    return (
      own !== undefined && own.expression === key.expression && bare(own.text) === bare(key.text) && own.options === key.options
    );
  });
  const held = new Set([...index.keys.map(columnOf), ...index.include]);
  return begins && candidate.include.every((column) => held.has(column));
}

const bare = (text: string) => text.replace(/[\s()"]|::text/g, '').toLowerCase();
const samePredicate = (candidate: Candidate, index: Index) => bare(candidate.predicate ?? '') === bare(index.predicate ?? '');
