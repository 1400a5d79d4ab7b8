import { columnOf, type Index, nameOf, type Table } from './catalogue.ts';

export interface StandingFinding {
  readonly kind: 'INVALID' | 'redundant' | 'unused';
  readonly table: string;
  readonly index: string;
  readonly bytes: number;
  readonly why: string;
  /** What a person may run after a thought. Only INVALID ones are mended by --apply. */
  readonly remedy: string;
  /** To make an INVALID one again; absent for what a broken-off REINDEX left. */
  readonly definition?: string;
}

/** Smaller ones cost next to nothing. */
const leastUnusedBytes = 1024 * 1024;

/** Indexes that cannot be used, that another one makes superfluous, or that nobody has used. */
export function inspectIndexes(table: Table, countedForSeconds: number): StandingFinding[] {
  return table.indexes.flatMap((index): StandingFinding[] => {
    const about = { table: nameOf(table), index: nameOf(index), bytes: index.bytes };
    if (!index.valid) return index.building ? [] : [invalid(index, about)];
    if (index.needed || index.unique) return [];
    const drop = `DROP INDEX CONCURRENTLY ${nameOf(index)};`;
    const wider = table.indexes.find((other) => other !== index && replaces(other, index));
    if (wider !== undefined)
      return [{ kind: 'redundant', ...about, why: `${nameOf(wider)} does all that it does`, remedy: drop }];
    if (index.scans > 0 || index.bytes < leastUnusedBytes) return [];
    const days = countedForSeconds / 86_400;
    const why = `no scan in ${days < 2 ? `${Math.max(1, Math.round(days * 24))} h` : `${Math.round(days)} days`} of statistics`;
    return [
      {
        kind: 'unused',
        ...about,
        why: days < 7 ? `${why}: too early to say` : `${why}; look at replicas and at yearly reports, too`,
        remedy: drop,
      },
    ];
  });
}

/** https://www.postgresql.org/docs/17/sql-reindex.html#SQL-REINDEX-CONCURRENTLY: what a broken-off one leaves ends so. */
const leftOver = /_cc(new|old)\d*$/;

function invalid(index: Index, about: Pick<StandingFinding, 'table' | 'index' | 'bytes'>): StandingFinding {
  const rest = leftOver.test(index.name);
  return {
    kind: 'INVALID',
    ...about,
    why: 'a concurrent build did not end: every write keeps it up, and no query may use it',
    remedy: rest
      ? `DROP INDEX CONCURRENTLY ${about.index};`
      : `zava-mcp-server advise indexes --apply, or REINDEX INDEX CONCURRENTLY ${about.index};`,
    ...(!rest && { definition: index.definition }),
  };
}

/** It holds the same rows by the same first keys, and the same columns beside them. Of two equal ones the first by name stays. */
export function replaces(other: Index, index: Index): boolean {
  if (!other.valid || other.method !== index.method || other.method !== 'btree' || other.predicate !== index.predicate)
    return false;
  if (other.keys.length < index.keys.length) return false;
  const same = index.keys.every((key, place) => {
    const theirs = other.keys[place];
    return (
      theirs !== undefined && theirs.text === key.text && theirs.options === key.options && theirs.expression === key.expression
    );
  });
  const held = new Set([...other.keys.map(columnOf), ...other.include]);
  if (!same || !index.include.every((column) => held.has(column))) return false;
  const equal = other.keys.length === index.keys.length && other.include.length === index.include.length;
  return !equal || other.needed || other.unique || other.name < index.name;
}
