import { reject } from './rejection.ts';
import { type FromItem, rejectClosed, type ScopeColumn, type Visible } from './scope.ts';
import { isMessage, listOf, type Message, namesOf } from './tree.ts';

/** The visible things of a join: its members by qualified name, and the join itself with merged columns first. */
export function joinOf(
  join: Message,
  left: readonly Visible[],
  right: readonly Visible[],
  location: number | undefined,
): Visible[] {
  const leftColumns = bareColumns(left);
  const rightColumns = bareColumns(right);
  const names = mergedNames(join, leftColumns, rightColumns);
  const merged = names.map((name) => mergeColumn(name, join, leftColumns, rightColumns, location));
  const rest = [...leftColumns, ...rightColumns].filter((column) => !names.includes(column.name));
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
  const members = names.length === 0 ? everything.filter((visible) => visible.bare) : undefined;
  const whole: FromItem = { name: undefined, columns, hasSystemColumns: false, isTable };
  const visible: Visible[] = everything.map((member) => ({ ...member, bare: false }));
  visible.push(
    members === undefined
      ? { item: whole, qualified: false, bare: true }
      : { item: whole, qualified: false, bare: true, members },
  );
  if (isMessage(join.join_using_alias)) {
    const name = String(join.join_using_alias.aliasname);
    const item = { name, columns: rename(merged, join.join_using_alias, name), hasSystemColumns: false, isTable: true };
    visible.push({ item, qualified: true, bare: false });
  }
  return visible;
}

const bareColumns = (visible: readonly Visible[]): ScopeColumn[] =>
  visible.filter((member) => member.bare).flatMap((member) => member.item.columns);

function mergedNames(join: Message, left: readonly ScopeColumn[], right: readonly ScopeColumn[]): string[] {
  if (join.isNatural !== true) return namesOf(join.usingClause);
  const common = left.map((column) => column.name).filter((name) => right.some((column) => column.name === name));
  return [...new Set(common)];
}

function mergeColumn(
  name: string,
  { jointype, isNatural }: Message,
  left: readonly ScopeColumn[],
  right: readonly ScopeColumn[],
  location: number | undefined,
): ScopeColumn {
  const sides = [left, right].map((columns) => {
    const found = columns.filter((column) => column.name === name);
    const [column] = found;
    if (column === undefined)
      reject(`Column "${name}" is not on both sides of the join`, 'Write the condition with ON.', location);
    if (found.length > 1)
      reject(`Column "${name}" occurs more than once on one side of the join`, 'Write the condition with ON.', location);
    // NATURAL compares columns that the caller may not read, which PostgreSQL would refuse without saying why
    if (column.closed !== undefined) rejectClosed(column.closed, location);
    return column;
  });
  const from = jointype === 'JOIN_RIGHT' ? sides[1] : sides[0];
  const source = from === undefined || from.path.length > 1 ? from?.path : from.source;
  // NATURAL merges what is there, USING fails without
  const isSure = isNatural !== true || sides.some((side) => side.isSure);
  const column: ScopeColumn = { name, path: [name], ...(isSure && { isSure: true }) };
  return jointype === 'JOIN_FULL' || source === undefined ? column : { ...column, source };
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
