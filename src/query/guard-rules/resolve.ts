import type { ReaderRole, SchemaDefinition } from '../../core/schema-definition.ts';
import { resolveFrom } from './from.ts';
import { functionColumns } from './functions.ts';
import { type ColumnsOf, outputName } from './output-name.ts';
import { reject } from './rejection.ts';
import type { Place, Resolution } from './resolution.ts';
import { bareName, groupBy, isStar, outputOrExpression, type ResultNames, writtenNames } from './result-names.ts';
import { checkCertain, checkWholeRow, columnOf, type FromItem, findBare, findItem, type Level, rejectUnknown } from './scope.ts';
import { type Expansion, expandItem, expandStar } from './star.ts';
import { as, isMessage, listOf, locationOf, type Message, messagesOf, namesOf, unwrap } from './tree.ts';
import { openWith } from './with.ts';

/** PostgreSQL's own limit (MaxTupleAttributeNumber). Stars over sub-selects with stars would double without end. */
const maxColumns = 1664;

export interface ResolvedNames {
  readonly relations: readonly string[];
  readonly names: number;
  /** The plain SELECTs among the statement's nodes, at every depth. */
  readonly selects: readonly Message[];
  /** Names of the columns of every SELECT. */
  readonly columnsOf: ColumnsOf;
}

/**
 * Resolves every name of a statement as PostgreSQL would for this reader, refuses what the reader may not read, and rewrites
 * the tree in place: tables get their schema, stars become the columns that the reader may read.
 */
export function resolveNames(statement: Message, definition: SchemaDefinition, reader: ReaderRole): ResolvedNames {
  const resolution: Resolution = {
    definition,
    reader,
    relations: new Set(),
    selects: [],
    names: 0,
    fromItems: 0,
    fromColumns: 0,
    unnamed: 0,
    columnsOf: new WeakMap(),
    hiddenColumns: false,
    doubtfulNames: new Set(),
    closedInJoin: false,
    select: (inner, place, firstArm) => {
      const columns = select(inner, place, resolution, firstArm);
      resolution.columnsOf.set(inner, columns);
      return columns;
    },
    expression: (value, place) => expression(value, place, resolution),
  };
  resolution.select(statement, { level: undefined, ctes: undefined });
  if (resolution.hiddenColumns && resolution.closedInJoin) {
    reject(
      'A join that is NATURAL or has a list of column names is not allowed beside rows whose columns are not known, as unnest() gives',
      'Use JOIN … ON or USING (…), and name the columns you need.',
    );
  }
  return {
    relations: [...resolution.relations].sort(),
    names: resolution.names,
    selects: resolution.selects,
    columnsOf: resolution.columnsOf,
  };
}

function select(
  statement: Message,
  outside: Place,
  resolution: Resolution,
  firstArm?: (columns: readonly string[]) => void,
): readonly string[] {
  resolution.names += 1;
  const ctes = isMessage(statement.withClause) ? openWith(statement.withClause, outside, resolution) : outside.ctes;
  const place: Place = { level: outside.level, ctes };
  if (isMessage(statement.larg) && isMessage(statement.rarg)) {
    const columns = resolution.select(statement.larg, place);
    firstArm?.(columns);
    resolution.select(statement.rarg, place);
    return tail(statement, madeLevel(columns, place), allWritten(columns), place, resolution);
  }
  if (statement.valuesLists !== undefined) {
    resolution.expression(statement.valuesLists, place);
    const row = listOf(as('List', listOf(statement.valuesLists)[0])?.items);
    resolution.hiddenColumns ||= row.some(isStar);
    const columns = Array.from({ length: row.length }, (_, index) => `column${index + 1}`);
    return tail(statement, madeLevel(columns, place), allWritten(columns), place, resolution);
  }
  return plainSelect(statement, place, resolution);
}

function plainSelect(statement: Message, place: Place, resolution: Resolution): readonly string[] {
  resolution.selects.push(statement);
  const level: Level = { visible: resolveFrom(listOf(statement.fromClause), place, resolution), outer: place.level };
  const inside: Place = { ...place, level };
  const columns = targetList(statement, inside, level, resolution);
  resolution.expression([statement.whereClause, statement.havingClause, statement.windowClause], inside);
  const result: ResultNames = { columns, written: writtenNames(listOf(statement.targetList)) };
  groupBy(listOf(statement.groupClause), result, inside, level, resolution);
  for (const item of listOf(statement.distinctClause)) outputOrExpression(item, result, inside, resolution);
  return tail(statement, level, result, place, resolution);
}

const allWritten = (columns: readonly string[]): ResultNames => ({ columns, written: new Set(columns) });

/** ORDER BY, which may name output columns, and LIMIT, which sees no column of this level. */
function tail(statement: Message, level: Level, result: ResultNames, place: Place, resolution: Resolution): readonly string[] {
  for (const { node } of messagesOf('SortBy', statement.sortClause)) {
    outputOrExpression(node, result, { ...place, level }, resolution);
  }
  resolution.expression([statement.limitCount, statement.limitOffset], place);
  return result.columns;
}

/** What ORDER BY sees of VALUES, and of a set operation. */
function madeLevel(columns: readonly string[], place: Place): Level {
  const item: FromItem = {
    name: undefined,
    columns: columns.map((column) => ({ name: column, path: [column] })),
    hasSystemColumns: false,
    isTable: false,
  };
  return { visible: [{ item, qualified: false, bare: true }], outer: place.level };
}

function targetList(statement: Message, place: Place, level: Level, resolution: Resolution): string[] {
  const names: string[] = [];
  if (statement.targetList === undefined) return names;
  statement.targetList = messagesOf('ResTarget', statement.targetList).flatMap((target) => {
    const star = starOf(target.val, level, resolution);
    if (star !== undefined) {
      names.push(...star.names);
      if (names.length > maxColumns) reject(`The star would give more than ${maxColumns} columns`, 'Name the columns you need.');
      return star.targets;
    }
    resolution.expression(target.val, place);
    const row = rowStarOf(target.val, level);
    if (row !== undefined) names.push(...row.columns.map((column) => column.name));
    else names.push(typeof target.name === 'string' ? target.name : outputName(target.val, resolution.columnsOf));
    return [{ ResTarget: target }];
  });
  return names;
}

/** What `*` or `t.*` as a whole target stands for. */
function starOf(value: unknown, level: Level, resolution: Resolution): Expansion | undefined {
  const reference = as('ColumnRef', value);
  if (reference === undefined || !isStar(value)) return undefined;
  const fields = listOf(reference.fields);
  resolution.names += 1;
  const location = locationOf(reference);
  const { doubtfulNames } = resolution;
  if (fields.length === 1) return expandStar(level, doubtfulNames, location);
  return expandItem(itemOf(namesOf(fields).slice(0, -1), level, resolution, location), doubtfulNames, location);
}

/** The from-item that `(t).*` as a whole target takes apart; PostgreSQL heeds no AS beside it. */
function rowStarOf(value: unknown, level: Level): FromItem | undefined {
  const taken = as('A_Indirection', value);
  const name = bareName(taken?.arg);
  return isStar(value) && name !== undefined ? findItem(name, level) : undefined;
}

/** The from-item that `t` or `schema.t` names. */
function itemOf(
  names: readonly string[],
  level: Level | undefined,
  resolution: Resolution,
  location: number | undefined,
): FromItem {
  const [first = '', second] = names;
  const { schema } = resolution.definition;
  const item =
    second === undefined
      ? findItem(first, level)
      : names.length === 2 && first === schema
        ? findItem(second, level, schema)
        : undefined;
  return item ?? reject(`There is no "${names.join('.')}" in FROM`, 'Use the alias that FROM gives the table.', location);
}

function expression(value: unknown, place: Place, resolution: Resolution): void {
  if (Array.isArray(value)) {
    for (const item of value) expression(item, place, resolution);
    return;
  }
  if (!isMessage(value)) return;
  for (const key in value) {
    const inner = value[key];
    if (!isMessage(inner)) expression(inner, place, resolution);
    else if (key === 'ColumnRef') columnReference(inner, place, resolution);
    else if (key === 'SelectStmt') resolution.select(inner, place);
    else if (key === 'A_Indirection') indirection(inner, place, resolution);
    else expression(inner, place, resolution);
  }
}

function columnReference(reference: Message, place: Place, resolution: Resolution): void {
  resolution.names += 1;
  const location = locationOf(reference);
  const names = namesOf(reference.fields);
  if (isStar({ ColumnRef: reference })) {
    checkWholeRow(itemOf(names.slice(0, -1), place.level, resolution, location), location);
    return;
  }
  const name = names.at(-1) ?? '';
  if (names.length > 1) {
    const column = columnOf(itemOf(names.slice(0, -1), place.level, resolution, location), name, location);
    checkCertain(column, names.join('.'), resolution.doubtfulNames, location);
    return;
  }
  if (findBare(name, place.level, location) !== undefined) return;
  const row = findItem(name, place.level);
  if (row === undefined) rejectUnknown(name, place.level, location);
  checkWholeRow(row, location);
}

/**
 * `(…)[1]` and `(…).field`. PostgreSQL takes `(row).name` for a call of the function `name` when there is no such field, so a
 * field must be one that is known.
 */
function indirection(message: Message, place: Place, resolution: Resolution): void {
  const steps = listOf(message.indirection);
  const fields = steps.filter((step) => as('A_Indices', step) === undefined);
  const [field] = fields;
  const bare = field === steps[0] ? bareName(message.arg) : undefined;
  const isRow = bare !== undefined && findBare(bare, place.level, undefined) === undefined;
  const item = isRow ? findItem(bare, place.level) : undefined;
  const location = locationOf(unwrap(message.arg)?.message ?? {});
  if (item !== undefined) {
    resolution.names += 1;
    const name = as('String', field)?.sval;
    if (typeof name === 'string')
      checkCertain(columnOf(item, name, location), `(${bare}).${name}`, resolution.doubtfulNames, location);
    // PostgreSQL asks for the right to the whole row, even if one field is taken from it
    checkWholeRow(item, location);
  } else {
    expression(message.arg, place, resolution);
    if (field !== undefined) checkField(field, location);
  }
  expression(steps, place, resolution);
  if (fields.length > 1)
    reject('A field of a field is not allowed', 'Take the row apart in FROM, one level at a time.', location);
}

const knownFields = new Set([...functionColumns.values()].flat());

function checkField(field: unknown, location: number | undefined): void {
  const name = as('String', field)?.sval;
  if (typeof name === 'string' && (knownFields.has(name) || /^f\d+$/.test(name))) return;
  const spoken = typeof name === 'string' ? `.${name}` : '.*';
  reject(`The field selection (…)${spoken} is not allowed`, 'Put the row in FROM with an alias and name its columns.', location);
}
