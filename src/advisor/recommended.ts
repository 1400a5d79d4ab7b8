import type { RecommendedIndex } from '../core/recommended-index.ts';
import { type Index, nameOf, quoted, type Table } from './catalogue.ts';
import { replaces } from './standing-indexes.ts';

/** Vectors: searched exactly until there are many. */
export interface RecommendedVectorIndex {
  readonly table: string;
  /** Column of the vectors. */
  readonly column: string;
  /** Rows from which on an approximate index is worth it. */
  readonly fromRows: number;
}

export interface Recommendation {
  readonly index: string;
  readonly status: 'present' | 'redundant' | 'missing' | 'INVALID';
  readonly detail: string;
  /** Makes it, where --apply may; the name is in it. */
  readonly create?: string;
}

/** Compares one recommendation with what is there. Redundant: another index does as much, so that this one need not be. */
export function judgeRecommendation(wanted: RecommendedIndex, tables: readonly Table[]): Recommendation {
  const index = `${wanted.table}(${wanted.columns.join(', ')})`;
  const table = tables.find(({ schema, name }) => `${schema}.${name}` === wanted.table);
  if (table === undefined) return { index, status: 'missing', detail: 'the table is not there: run zava-mcp-server migrate' };
  const exact = table.indexes.filter((one) => isOver(one, wanted.columns) && one.keys.length === wanted.columns.length);
  const usable = exact.find(({ valid }) => valid);
  const create = createStatement(wanted, table);
  if (usable !== undefined) {
    const other = table.indexes.find((one) => one !== usable && !usable.needed && replaces(one, usable));
    if (other !== undefined)
      return { index, status: 'redundant', detail: `${nameOf(other)} does all that ${nameOf(usable)} does` };
    return { index, status: 'present', detail: nameOf(usable) };
  }
  const [broken] = exact;
  if (broken?.building) return { index, status: 'missing', detail: `${nameOf(broken)} is being built at this moment` };
  if (broken !== undefined) return { index, status: 'INVALID', detail: `${nameOf(broken)} was not built to its end`, create };
  const wider = table.indexes.find((one) => one.valid && isOver(one, wanted.columns));
  if (wider !== undefined) return { index, status: 'redundant', detail: `${nameOf(wider)} begins with these columns` };
  return { index, status: 'missing', detail: wanted.reason, create };
}

const isOver = ({ method, predicate, keys }: Index, columns: readonly string[]) =>
  method === 'btree' &&
  predicate === undefined &&
  columns.every((column, place) => keys[place]?.text === column && !keys[place]?.expression);

function createStatement({ name, columns, include }: RecommendedIndex, table: Table): string {
  const including = include === undefined ? '' : ` INCLUDE (${include.map(quoted).join(', ')})`;
  return `CREATE INDEX CONCURRENTLY ${quoted(name)} ON ${nameOf(table)} (${columns.map(quoted).join(', ')})${including}`;
}

export function judgeVectors(wanted: RecommendedVectorIndex, tables: readonly Table[]): Recommendation {
  const index = `${wanted.table}(${wanted.column}), vectors`;
  const table = tables.find(({ schema, name }) => `${schema}.${name}` === wanted.table);
  if (table === undefined) return { index, status: 'missing', detail: 'the table is not there: run zava-mcp-server migrate' };
  const found = table.indexes.filter(
    ({ method, keys }) => /^(hnsw|ivfflat)$/.test(method) && keys.some(({ text }) => text.includes(wanted.column)),
  );
  const usable = found.find(({ valid }) => valid);
  if (usable !== undefined) return { index, status: 'present', detail: nameOf(usable) };
  const [broken] = found;
  if (broken !== undefined && !broken.building)
    return { index, status: 'INVALID', detail: `${nameOf(broken)}: zava-mcp-server index-products builds it anew` };
  if (table.rows < wanted.fromRows)
    return {
      index,
      status: 'present',
      detail: `an exact scan of ${Math.round(table.rows)} vectors: below ${wanted.fromRows} it is as fast and misses nothing`,
    };
  return { index, status: 'missing', detail: 'zava-mcp-server index-products builds it' };
}
