import { reject } from './rejection.ts';
import {
  bareColumns,
  type ColumnsByName,
  columnsByName,
  type FromItem,
  rejectClosed,
  type ScopeColumn,
  type Visible,
} from './scope.ts';
import { isMessage, listOf, type Message, namesOf } from './tree.ts';

/** The visible things of a join: its members by qualified name, and the join itself with merged columns first. */
export function joinOf(
  join: Message,
  left: readonly Visible[],
  right: readonly Visible[],
  location: number | undefined,
): Visible[] {
  const merges = join.isNatural === true || join.usingClause !== undefined;
  const sides = [columnsByName(merges ? left : []), columnsByName(merges ? right : [])] as const;
  const names = mergedNames(join, sides);
  const merged = [...names].map((name) => mergeColumn(name, join, sides, location));
  const rest = [...bareColumns(left), ...bareColumns(right)].filter((column) => !names.has(column.name));
  const columns = [...merged, ...rest];
  const everything = [...left, ...right];
  const isTable = everything.some(({ item }) => item.isTable);

  if (isMessage(join.alias)) {
    const name = String(join.alias.aliasname);
    return [
      {
        item: { name, columns: rename(columns, join.alias, name), hasSystemColumns: false, isTable },
        qualified: true,
        bare: true,
      },
    ];
  }
  const whole: FromItem = { name: undefined, columns, hasSystemColumns: false, isTable };
  const visible: Visible[] = everything.map((member) => ({ ...member, bare: false }));
  const members = everything.filter(({ bare }) => bare);
  visible.push({ item: whole, qualified: false, bare: true, ...(names.size === 0 && { members }) });
  if (isMessage(join.join_using_alias)) {
    const name = String(join.join_using_alias.aliasname);
    const item = { name, columns: rename(merged, join.join_using_alias, name), hasSystemColumns: false, isTable: true };
    visible.push({ item, qualified: true, bare: false });
  }
  return visible;
}

function mergedNames(join: Message, [left, right]: readonly [ColumnsByName, ColumnsByName]): ReadonlySet<string> {
  return new Set(join.isNatural === true ? [...left.keys()].filter((name) => right.has(name)) : namesOf(join.usingClause));
}

function mergeColumn(
  name: string,
  { jointype, isNatural }: Message,
  sides: readonly [ColumnsByName, ColumnsByName],
  location: number | undefined,
): ScopeColumn {
  const left = onlyColumn(name, sides[0], location);
  const right = onlyColumn(name, sides[1], location);
  const from = jointype === 'JOIN_RIGHT' ? right : left;
  const source = from.path.length > 1 ? from.path : from.source;
  // NATURAL merges what is there, USING fails without
  const isSure = isNatural !== true || left.isSure || right.isSure;
  const column: ScopeColumn = { name, path: [name], ...(isSure && { isSure: true }) };
  return jointype === 'JOIN_FULL' || source === undefined ? column : { ...column, source };
}

function onlyColumn(name: string, columns: ColumnsByName, location: number | undefined): ScopeColumn {
  const [column, another] = columns.get(name) ?? [];
  if (column === undefined) reject(`Column "${name}" is not on both sides of the join`, 'Write the condition with ON.', location);
  if (another !== undefined)
    reject(`Column "${name}" occurs more than once on one side of the join`, 'Write the condition with ON.', location);
  // NATURAL compares columns that the caller may not read, which PostgreSQL would refuse without saying why
  if (column.closed !== undefined) rejectClosed(column.closed, location);
  return column;
}

/** Applies `AS name(a, b, …)`: the first columns take new names, all answer to the alias. */
export function rename(columns: readonly ScopeColumn[], alias: Message, name: string): ScopeColumn[] {
  const names = namesOf(listOf(alias.colnames));
  return columns.map((column, index) => {
    const given = names[index];
    const renamed = given ?? column.name;
    return {
      name: renamed,
      path: [name, renamed],
      ...(column.closed && { closed: column.closed }),
      ...((given !== undefined || column.isSure) && { isSure: true }),
    };
  });
}
