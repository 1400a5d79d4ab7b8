import { reject } from './rejection.ts';
import {
  type ColumnsByName,
  checkCertain,
  checkWholeRow,
  columnsAt,
  type FromItem,
  type Level,
  type ScopeColumn,
  type Visible,
} from './scope.ts';
import { stringNode, type WrappedNode } from './tree.ts';

/** What a star stands for: the nodes that replace it and the names of the columns they give. */
export interface Expansion {
  readonly targets: WrappedNode[];
  readonly names: string[];
}

const target = (fields: WrappedNode[]): WrappedNode => ({ ResTarget: { val: { ColumnRef: { fields } } } });

/** An expansion that is being written. */
interface Writing extends Expansion {
  readonly location: number | undefined;
  readonly doubtfulNames: ReadonlySet<string>;
  /** What bare names mean; undefined for `t.*`, where they mean nothing. */
  readonly bare?: ColumnsByName;
}

/** `*`: every item of this FROM in order, as PostgreSQL does, merged columns first and once. */
export function expandStar(level: Level, doubtfulNames: ReadonlySet<string>, location: number | undefined): Expansion {
  const bare = level.visible.filter((visible) => visible.bare);
  if (bare.length === 0) reject('SELECT * needs a FROM', 'Name what you want to select.', location);
  const into: Writing = { targets: [], names: [], location, doubtfulNames, bare: columnsAt(level) };
  for (const visible of bare) expandVisible(visible, into);
  return into;
}

/** `t.*` */
export function expandItem(item: FromItem, doubtfulNames: ReadonlySet<string>, location: number | undefined): Expansion {
  const into: Writing = { targets: [], names: [], location, doubtfulNames };
  writeItem(item, into);
  return into;
}

function expandVisible({ item, members }: Visible, into: Writing): void {
  if (members === undefined) writeItem(item, into);
  else for (const member of members) expandVisible(member, into);
}

function writeItem(item: FromItem, into: Writing): void {
  if (item.name !== undefined && !item.isTable) keepStar(item, item.name, into);
  else writeColumns(item, into);
}

/** Columns of sub-selects, CTEs and functions are the caller's own making: PostgreSQL may count them itself. */
function keepStar(item: FromItem, name: string, { targets, names, location }: Writing): void {
  checkWholeRow(item, location);
  targets.push(target([stringNode(name), { A_Star: {} }]));
  for (const column of item.columns) names.push(column.name);
}

function writeColumns(item: FromItem, { targets, names, location, doubtfulNames, bare }: Writing): void {
  const open = item.columns.filter((column) => column.closed === undefined);
  if (open.length === 0) reject(`No column of ${item.name ?? 'the join'} is readable with your permissions`, undefined, location);
  const seen = new Set(item.columns.filter((column) => column.closed !== undefined).map(({ path }) => path.join('\0')));
  for (const column of open) {
    const isAmbiguous = bare?.get(column.name)?.length !== 1;
    const path = column.path.length === 1 && isAmbiguous ? column.source : column.path;
    const key = path?.join('\0');
    if (path === undefined || key === undefined || seen.has(key)) rejectDuplicate(column, location);
    if (path.length > 1) checkCertain(column, path.join('.'), doubtfulNames, location);
    seen.add(key);
    targets.push(target(path.map(stringNode)));
    names.push(column.name);
  }
}

function rejectDuplicate(column: ScopeColumn, location: number | undefined): never {
  reject(
    `The star would give two columns named "${column.name}"`,
    'Name the columns, with aliases where names repeat.',
    location,
  );
}
