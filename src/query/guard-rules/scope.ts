import type { ColumnDefinition, RelationDefinition } from '../../core/schema-definition.ts';
import { reject } from './rejection.ts';

export interface ScopeColumn {
  readonly name: string;
  /** How a star names it: qualified by its from-item, or bare where USING or NATURAL merged two. */
  readonly path: readonly string[];
  /** The side that a merged column's value comes from, should its bare name be ambiguous. A full join has none. */
  readonly source?: readonly string[];
  /** Set where the reader's login may not read it. */
  readonly closed?: ClosedColumn;
  /** The name is a table's or written by the caller. PostgreSQL makes up the others, and may have made up another. */
  readonly isSure?: true;
}

export interface ClosedColumn {
  readonly relation: RelationDefinition;
  readonly column: ColumnDefinition;
}

/** One thing in FROM that names can be looked up in. */
export interface FromItem {
  /** Name for qualified references; undefined for a join without alias. */
  readonly name: string | undefined;
  readonly columns: readonly ScopeColumn[];
  /** Set where the item is a table under its own name, which `schema.table.column` may name too. */
  readonly relation?: RelationDefinition;
  /** ctid, xmin and the like exist on tables alone. */
  readonly hasSystemColumns: boolean;
  /** A table or a join over tables: a star over it is written out. */
  readonly isTable: boolean;
}

/** A from-item and what it may be reached by: a join without alias takes over its members' bare names. */
export interface Visible {
  readonly item: FromItem;
  readonly qualified: boolean;
  readonly bare: boolean;
  /** Members that stand for this item under a star, where nothing was merged. */
  readonly members?: readonly Visible[];
}

/** What one SELECT sees, and through `outer` what the ones around it see. */
export interface Level {
  readonly visible: readonly Visible[];
  readonly outer: Level | undefined;
}

const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

export function rejectClosed({ relation, column }: ClosedColumn, location: number | undefined): never {
  const needs = column.readableWith === 'nobody' ? 'no caller may read it' : `it needs the permission ${column.readableWith}`;
  reject(
    `Column ${relation.name}.${column.name} is not readable with your permissions: ${needs}`,
    'Leave the column out, or name the columns you need.',
    location,
  );
}

/** Callers may read thousands of columns and name thousands: nobody compares them one by one. */
export type ColumnsByName = ReadonlyMap<string, readonly ScopeColumn[]>;

export const bareColumns = (visible: readonly Visible[]): ScopeColumn[] =>
  visible.filter(({ bare }) => bare).flatMap(({ item }) => item.columns);

export function columnsByName(visible: readonly Visible[]): ColumnsByName {
  const named = new Map<string, ScopeColumn[]>();
  for (const column of bareColumns(visible)) {
    const namesakes = named.get(column.name);
    if (namesakes === undefined) named.set(column.name, [column]);
    else namesakes.push(column);
  }
  return named;
}

const columnsOfLevels = new WeakMap<Level, ColumnsByName>();

/** What a bare name may mean at this level. */
export function columnsAt(level: Level): ColumnsByName {
  const known = columnsOfLevels.get(level) ?? columnsByName(level.visible);
  columnsOfLevels.set(level, known);
  return known;
}

/** The column that a bare name means at the innermost level that knows it, as PostgreSQL looks it up; undefined if none does. */
export function findBare(name: string, level: Level | undefined, location: number | undefined): ScopeColumn | undefined {
  for (let at = level; at !== undefined; at = at.outer) {
    const found = findBareAt(name, at, location);
    if (found === undefined) continue;
    if (found.isSure !== true) rejectMistakable(name, { columns: at.outer, rows: level }, location);
    return found;
  }
  return undefined;
}

/**
 * Refuses a name that the caller's own column may not have after all (a function in FROM that turns out to give rows), where
 * PostgreSQL would then take it for something that the reader may not read: a column further out, or a whole row.
 */
export function rejectMistakable(
  name: string,
  { columns, rows }: Readonly<Record<'columns' | 'rows', Level | undefined>>,
  location: number | undefined,
): void {
  const row = findItem(name, rows);
  const isClosed = row?.columns.some(({ closed }) => closed !== undefined);
  if (!isClosed && !isClosedColumn(name, columns)) return;
  reject(
    `Column "${name}" could be mistaken for something of that name that is not readable with your permissions`,
    'Give your own column another name, or write it with the alias of its sub-select.',
    location,
  );
}

function isClosedColumn(name: string, level: Level | undefined): boolean {
  for (let at = level; at !== undefined; at = at.outer) {
    if (isSystemColumn(name, at)) return true;
    if (
      columnsAt(at)
        .get(name)
        ?.some(({ closed }) => closed !== undefined)
    )
      return true;
  }
  return false;
}

const isSystemColumn = (name: string, level: Level): boolean =>
  systemColumns.has(name) && level.visible.some(({ item, bare }) => bare && item.hasSystemColumns);

export function findBareAt(name: string, level: Level, location: number | undefined): ScopeColumn | undefined {
  if (isSystemColumn(name, level)) rejectSystem(name, location);
  const [column, ...others] = columnsAt(level).get(name) ?? [];
  if (column !== undefined && others.length > 0) {
    const choices = [column, ...others].map(({ path }) => path.join('.')).join(' or ');
    reject(`Column "${name}" is ambiguous`, `Say which one: ${choices}.`, location);
  }
  if (column?.closed !== undefined) rejectClosed(column.closed, location);
  return column;
}

export function findItem(name: string, level: Level | undefined, schema?: string): FromItem | undefined {
  for (let at = level; at !== undefined; at = at.outer) {
    for (const { item, qualified } of at.visible) {
      if (qualified && item.name === name && (schema === undefined || item.relation !== undefined)) return item;
    }
  }
  return undefined;
}

/** A column of one item. An unknown name would be a function call in disguise (`o.to_jsonb`), so it is refused here. */
export function columnOf(item: FromItem, name: string, location: number | undefined): ScopeColumn {
  const found = item.columns.filter((candidate) => candidate.name === name);
  // Of two with the name the open one may go by another in PostgreSQL
  for (const { closed } of found) if (closed !== undefined) rejectClosed(closed, location);
  const [column] = found;
  if (column !== undefined) return column;
  if (item.hasSystemColumns && systemColumns.has(name)) rejectSystem(name, location);
  reject(`There is no column "${name}" in ${item.name}`, `Its columns: ${readableNames(item)}.`, location);
}

/** `t.name`, of which PostgreSQL makes a call of the function `name` where there is no such column after all. */
export function checkCertain(
  { name, isSure }: ScopeColumn,
  spoken: string,
  doubtfulNames: ReadonlySet<string>,
  location: number | undefined,
): void {
  if (isSure === true || !doubtfulNames.has(name)) return;
  reject(
    `"${spoken}" could be a function call, should the function in FROM give rows`,
    `Name the column where it is made, as in FROM unnest(…) AS t(${name}).`,
    location,
  );
}

/** A whole row, as in `row_to_json(t)` or `count(t.*)`, holds every column, so every one must be readable. */
export function checkWholeRow(item: FromItem, location: number | undefined): void {
  const closed = item.columns.find((column) => column.closed !== undefined)?.closed;
  if (closed === undefined) return;
  reject(
    `The whole row of ${item.name ?? 'the join'} is not readable with your permissions: it holds ${closed.relation.name}.${closed.column.name}`,
    `Name the columns you need (${readableNames(item)}); count(*) counts rows.`,
    location,
  );
}

export const readableNames = (item: FromItem): string =>
  item.columns
    .filter((column) => column.closed === undefined)
    .map((column) => column.name)
    .join(', ');

export function rejectUnknown(name: string, level: Level | undefined, location: number | undefined): never {
  const known = new Set<string>();
  for (let at = level; at !== undefined; at = at.outer) {
    for (const { item, bare } of at.visible) {
      if (bare) for (const column of item.columns) if (column.closed === undefined) known.add(column.name);
    }
  }
  if (systemColumns.has(name)) rejectSystem(name, location);
  const hint = known.size === 0 ? 'There is nothing in FROM that it could belong to.' : `Known here: ${[...known].join(', ')}.`;
  reject(`There is no column "${name}" here`, hint, location);
}

function rejectSystem(name: string, location: number | undefined): never {
  reject(`System column ${name} is not served`, 'Leave it out; use the primary key to tell rows apart.', location);
}
