import { reject } from './rejection.ts';
import {
  type ColumnsByName,
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

/** `*`: every item of this FROM in order, as PostgreSQL does, merged columns first and once. */
export function expandStar(level: Level, location: number | undefined): Expansion {
  const bare = level.visible.filter((visible) => visible.bare);
  if (bare.length === 0) reject('SELECT * needs a FROM', 'Name what you want to select.', location);
  const into: Expansion = { targets: [], names: [] };
  for (const visible of bare) expandVisible(visible, columnsAt(level), location, into);
  return into;
}

/** `t.*` */
export function expandItem(item: FromItem, location: number | undefined): Expansion {
  const into: Expansion = { targets: [], names: [] };
  if (item.name !== undefined && !item.isTable) keepStar(item, item.name, location, into);
  else columns(item, undefined, location, into);
  return into;
}

function expandVisible({ item, members }: Visible, bare: ColumnsByName, location: number | undefined, into: Expansion): void {
  if (members !== undefined) for (const member of members) expandVisible(member, bare, location, into);
  else if (item.name !== undefined && !item.isTable) keepStar(item, item.name, location, into);
  else columns(item, bare, location, into);
}

/** Columns of sub-selects, CTEs and functions are the caller's own making: PostgreSQL may count them itself. */
function keepStar(item: FromItem, name: string, location: number | undefined, into: Expansion): void {
  checkWholeRow(item, location);
  into.targets.push(target([stringNode(name), { A_Star: {} }]));
  for (const column of item.columns) into.names.push(column.name);
}

/** A column that was merged goes by its bare name, where that is seen and means no other. */
function columns(item: FromItem, bare: ColumnsByName | undefined, location: number | undefined, into: Expansion): void {
  const open = item.columns.filter((column) => column.closed === undefined);
  if (open.length === 0) reject(`No column of ${item.name ?? 'the join'} is readable with your permissions`, undefined, location);
  const seen = new Set(item.columns.filter((column) => column.closed !== undefined).map(({ path }) => path.join('\0')));
  for (const column of open) {
    const isAmbiguous = bare?.get(column.name)?.length !== 1;
    const path = column.path.length === 1 && isAmbiguous ? column.source : column.path;
    const key = path?.join('\0');
    if (path === undefined || key === undefined || seen.has(key)) rejectDuplicate(column, location);
    seen.add(key);
    into.targets.push(target(path.map(stringNode)));
    into.names.push(column.name);
  }
}

function rejectDuplicate(column: ScopeColumn, location: number | undefined): never {
  reject(
    `The star would give two columns named "${column.name}"`,
    'Name the columns, with aliases where names repeat.',
    location,
  );
}
