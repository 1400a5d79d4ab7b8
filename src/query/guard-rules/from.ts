import { functionColumns, rowFunctions } from './functions.ts';
import { joinOf, rename } from './join.ts';
import { outputName } from './output-name.ts';
import { reject } from './rejection.ts';
import type { Place, Resolution } from './resolution.ts';
import type { FromItem, Level, ScopeColumn, Visible } from './scope.ts';
import { findTable, tableColumns } from './tables.ts';
import { as, isMessage, listOf, locationOf, type Message, messagesOf, namesOf, unwrap } from './tree.ts';
import { cteColumns, findCte } from './with.ts';

/** Planning time grows faster than the number of tables; people join dozens. */
const maxFromItems = 250;

/** Every name is looked for among them. Hundreds of wide tables fit; a CTE of thousands of columns, joined with itself, does not. */
const maxFromColumns = 5000;

/** Reads the items of one FROM in order and gives what the SELECT sees. Tables are schema-qualified in place. */
export function resolveFrom(items: readonly unknown[], place: Place, resolution: Resolution): Visible[] {
  const visible: Visible[] = [];
  for (const item of items) visible.push(...fromItem(item, visible, place, resolution));
  return visible;
}

/** `before` is what a LATERAL item may refer to: everything to its left in the same FROM. */
function fromItem(node: unknown, before: readonly Visible[], place: Place, resolution: Resolution): Visible[] {
  const { type, message } = unwrap(node) ?? reject('FROM holds an empty item');
  resolution.fromItems += 1;
  if (resolution.fromItems > maxFromItems) {
    reject(
      `The statement reads more than ${maxFromItems} tables and sub-selects`,
      'Split it, or use IN (…) in place of repeated branches.',
    );
  }
  const lateral: Place = { ...place, level: { visible: before, outer: place.level } };
  switch (type) {
    case 'RangeVar':
      return seen(rangeVar(message, place, resolution), resolution);
    case 'RangeTableSample':
      // Never LATERAL: what stands to its left is not seen, but what is further out is
      resolution.expression([message.args, message.repeatable], place);
      return fromItem(message.relation, before, place, resolution);
    case 'RangeSubselect':
      return seen(subselect(message, message.lateral === true ? lateral : place, resolution), resolution);
    case 'RangeFunction':
      resolution.expression(message.functions, lateral);
      return seen(functionItem(message, resolution), resolution);
    case 'JsonTable':
      resolution.expression([message.context_item, message.passing, message.columns, message.on_error], lateral);
      return seen(jsonTable(message), resolution);
    case 'JoinExpr':
      return joinItem(message, before, place, resolution);
    default:
      return reject(`${type} is not allowed in FROM`, 'Name a table, a sub-select or a function.', locationOf(message));
  }
}

function seen(item: FromItem, resolution: Resolution): Visible[] {
  resolution.fromColumns += item.columns.length;
  if (resolution.fromColumns > maxFromColumns) {
    reject(`The statement reads from more than ${maxFromColumns} columns`, 'Select the columns you need before you join.');
  }
  return [{ item, qualified: true, bare: true }];
}

const aliasName = (message: Message): string | undefined =>
  isMessage(message.alias) ? String(message.alias.aliasname) : undefined;

/** An item whose columns the caller made: none of them is closed. */
function madeItem(message: Message, name: string, names: readonly string[]): FromItem {
  const columns = names.map((column): ScopeColumn => ({ name: column, path: [name, column] }));
  return {
    name,
    columns: isMessage(message.alias) ? rename(columns, message.alias, name) : columns,
    hasSystemColumns: false,
    isTable: false,
  };
}

function rangeVar(message: Message, place: Place, resolution: Resolution): FromItem {
  resolution.names += 1;
  const relname = String(message.relname);
  const location = locationOf(message);
  const schema = typeof message.schemaname === 'string' ? message.schemaname : undefined;
  const name = aliasName(message) ?? relname;
  const cte = schema === undefined ? findCte(relname, place.ctes) : undefined;
  if (cte !== undefined) return madeItem(message, name, cteColumns(cte, resolution, location));

  const relation = findTable(resolution.definition, schema, relname, location);
  message.schemaname = resolution.definition.schema;
  resolution.relations.add(relation.name);
  const columns = tableColumns(relation, resolution.reader, name);
  const item = { name, columns, hasSystemColumns: true, isTable: true };
  return isMessage(message.alias) ? { ...item, columns: rename(columns, message.alias, name) } : { ...item, relation };
}

function subselect(message: Message, place: Place, resolution: Resolution): FromItem {
  const query = as('SelectStmt', message.subquery) ?? reject('A sub-select in FROM must be a SELECT');
  const names = resolution.select(query, place);
  let name = aliasName(message);
  if (name === undefined) {
    // PostgreSQL 16 and later do without; a star over it needs a name to hold on to
    resolution.unnamed += 1;
    name = `unnamed_subquery_${resolution.unnamed}`;
    message.alias = { aliasname: name };
  }
  return madeItem(message, name, names);
}

/** Column names as `addRangeTableEntryForFunction` in PostgreSQL's parser chooses them. */
function functionItem(message: Message, resolution: Resolution): FromItem {
  const functions = listOf(message.functions).map((node) => listOf(as('List', node)?.items));
  const alias = aliasName(message);
  let givesRows = false;
  const names = functions.flatMap(([call, definitions]) => {
    const listed = columnDefinitions(as('List', definitions)?.items ?? message.coldeflist);
    if (listed.length > 0) return listed;
    givesRows ||= mayGiveRows(call);
    return functionOutput(call, functions.length === 1 ? alias : undefined, resolution);
  });
  if (message.ordinality === true) names.push('ordinality');
  const item = madeItem(message, alias ?? outputName(functions[0]?.[0], resolution.columnsOf), names);
  if (givesRows) {
    resolution.hiddenColumns = true;
    for (const { name, isSure } of item.columns) if (isSure !== true) resolution.doubtfulNames.add(name);
  }
  return item;
}

/** `unnest(ARRAY(SELECT t FROM t))` and `coalesce(t)` give the columns of the table `t`; few other functions do. */
function mayGiveRows(node: unknown): boolean {
  const call = as('FuncCall', node);
  if (call === undefined) return as('SQLValueFunction', node) === undefined;
  return rowFunctions.has(namesOf(call.funcname).at(-1) ?? '') && !listOf(call.args).every(holdsPlainValues);
}

/** An array of constants or casts, or one that is cast: no type that one may cast to is a row. */
function holdsPlainValues(node: unknown): boolean {
  const type = as('TypeCast', node)?.typeName;
  if (isMessage(type)) return listOf(type.arrayBounds).length > 0;
  const elements = as('A_ArrayExpr', node)?.elements;
  return elements !== undefined && listOf(elements).every((element) => as('A_Const', element) ?? as('TypeCast', element));
}

function functionOutput(call: unknown, alias: string | undefined, { columnsOf }: Resolution): readonly string[] {
  const name = outputName(call, columnsOf);
  const known = as('FuncCall', call) === undefined ? undefined : functionColumns.get(name);
  if (known !== undefined) return known;
  const lists = name === 'unnest' ? listOf(as('FuncCall', call)?.args).length : 1;
  return lists > 1 ? Array<string>(lists).fill(name) : [alias ?? name];
}

const columnDefinitions = (list: unknown): string[] => messagesOf('ColumnDef', list).map(({ colname }) => String(colname));

function jsonTable(message: Message): FromItem {
  return madeItem(message, aliasName(message) ?? 'json_table', jsonTableColumns(message.columns));
}

/** PostgreSQL puts nested columns after the others, wherever they are written. */
function jsonTableColumns(list: unknown): string[] {
  const columns = messagesOf('JsonTableColumn', list);
  const isNested = ({ coltype }: Message) => coltype === 'JTC_NESTED';
  const plain = columns.filter((column) => !isNested(column)).map(({ name }) => String(name));
  return [...plain, ...columns.filter(isNested).flatMap((nested) => jsonTableColumns(nested.columns))];
}

function joinItem(message: Message, before: readonly Visible[], place: Place, resolution: Resolution): Visible[] {
  const left = fromItem(message.larg, before, place, resolution);
  const right = fromItem(message.rarg, [...before, ...left], place, resolution);
  const level: Level = { visible: [...left, ...right], outer: place.level };
  resolution.expression(message.quals, { ...place, level });
  const location = locationOf(unwrap(message.rarg)?.message ?? {});
  const byPlace = message.isNatural === true || (isMessage(message.alias) && message.alias.colnames !== undefined);
  resolution.closedInJoin ||= byPlace && [...left, ...right].some(holdsClosed);
  return joinOf(message, left, right, location);
}

const holdsClosed = ({ item }: Visible): boolean => item.columns.some((column) => column.closed !== undefined);
