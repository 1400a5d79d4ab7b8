import { as, isMessage, listOf, type Message, namesOf } from '../query/guard-rules/tree.ts';
import { readStatementTree, type StatementTree } from '../query/statement-tree.ts';
import type { Catalogue, Table } from './catalogue.ts';
import { type Condition, conditionsOf, type Found, type Resolve, walk } from './conditions.ts';

export interface OrderKey {
  readonly column: string;
  readonly options: '' | 'DESC' | 'NULLS FIRST' | 'DESC NULLS LAST';
}

/** One table in one place of a statement, with everything the statement asks of it there. */
export interface TableUse {
  readonly table: Table;
  readonly alias: string;
  /** The SELECT, UPDATE or DELETE that it stands in: conditions that are assumed are added here. */
  readonly level: Message;
  readonly conditions: readonly Condition[];
  /** Columns that row-level security compares with the tenant, for the login that ran the statement. */
  readonly tenantColumns: readonly string[];
  /** The whole ORDER BY, where all of it is this table's. */
  readonly order: readonly OrderKey[];
  readonly group: readonly string[];
  readonly columns: ReadonlySet<string>;
  /** Not every row is asked for: LIMIT, or the least or greatest value. */
  readonly limited: boolean;
}

export interface Reader {
  readonly login: string;
  readonly seesAllRows: boolean;
}

type OpenUse = { -readonly [K in keyof Omit<TableUse, 'columns' | 'conditions'>]: TableUse[K] } & {
  conditions: Condition[];
  columns: Set<string>;
};

interface Level {
  readonly message: Message;
  /** By alias. A source without a table is a sub-select, a function or a CTE. */
  readonly sources: Map<string, OpenUse | undefined>;
  readonly outer: Level | undefined;
}

/** Where every table of the catalog stands in a statement, whose tree gets their schemas. `schemas` is searched for names without one, in this order. */
export function readShape(tree: StatementTree, catalogue: Catalogue, reader: Reader, schemas: readonly string[]): TableUse[] {
  const uses: OpenUse[] = [];
  const ctes = new Set(
    [...walk(tree.message)].filter(({ type }) => type === 'CommonTableExpr').map(({ message }) => message.ctename),
  );

  const tableOf = ({ schemaname, relname }: Message): Table | undefined => {
    if (schemaname === undefined && ctes.has(relname)) return undefined;
    const named = catalogue.tables.filter(({ schema, name }) => name === relname && (schemaname ?? schema) === schema);
    const [first] = schemas.flatMap((schema) => named.filter((table) => table.schema === schema));
    return first ?? (named.length === 1 ? named[0] : undefined);
  };

  const enter = (message: Message, outer: Level | undefined, changed?: unknown): void => {
    for (const side of [message.larg, message.rarg]) if (isMessage(side)) enter(side, outer);
    const level: Level = { message, sources: new Map(), outer };
    const quals: unknown[] = [message.whereClause];
    const addSource = (node: unknown): void => {
      const range = as('RangeVar', node);
      if (range !== undefined) {
        const table = tableOf(range);
        const alias = String((range.alias as Message | undefined)?.aliasname ?? range.relname);
        const use = table && openUse(table, alias, message);
        if (table !== undefined) range.schemaname = table.schema;
        if (use !== undefined) uses.push(use);
        level.sources.set(alias, use);
      }
      const join = as('JoinExpr', node);
      if (join !== undefined) {
        addSource(join.larg);
        addSource(join.rarg);
        quals.push(join.quals);
        for (const name of namesOf(join.usingClause)) {
          for (const use of level.sources.values()) if (use && hasColumn(use.table, name)) use.conditions.push(equalTo(name));
        }
      }
      const other = as('RangeSubselect', node) ?? as('RangeFunction', node);
      if (other !== undefined)
        level.sources.set(String((other.alias as Message | undefined)?.aliasname ?? level.sources.size), undefined);
    };
    if (isMessage(changed)) addSource({ RangeVar: changed });
    for (const node of [...listOf(message.fromClause), ...listOf(message.usingClause)]) addSource(node);

    const resolve = resolverOf(level);
    for (const { owner, condition } of quals.flatMap((qual) => conditionsOf(qual, resolve)))
      (owner as OpenUse).conditions.push(condition);
    readOrderAndGroup(level, resolve);
    for (const [key, value] of Object.entries(message)) if (key !== 'larg' && key !== 'rarg') visit(value, level, resolve);
  };

  const visit = (node: unknown, level: Level, resolve: Resolve): void => {
    if (Array.isArray(node)) for (const one of node) visit(one, level, resolve);
    if (!isMessage(node)) return;
    for (const [type, value] of Object.entries(node)) {
      if (type === 'SelectStmt' && isMessage(value)) enter(value, level);
      else if (type === 'ColumnRef' && isMessage(value)) noteColumn(value, level, resolve);
      else visit(value, level, resolve);
    }
  };

  if (tree.kind === 'SelectStmt') enter(tree.message, undefined);
  else if (tree.kind === 'InsertStmt') {
    const select = as('SelectStmt', tree.message.selectStmt);
    if (select !== undefined && select.valuesLists === undefined) enter(select, undefined);
  } else enter(tree.message, undefined, tree.message.relation);

  if (!reader.seesAllRows) for (const use of uses) addPolicies(use, reader.login);
  return uses;
}

const hasColumn = (table: Table, column: string) => table.columns.some(({ name }) => name === column);

const equalTo = (column: string): Condition => ({ kind: 'equal', column, operands: [], joins: true });

const openUse = (table: Table, alias: string, level: Message): OpenUse => ({
  table,
  alias,
  level,
  conditions: [],
  tenantColumns: [],
  order: [],
  group: [],
  columns: new Set(),
  limited: level.limitCount !== undefined,
});

/** A name belongs to the innermost level that has it; in a level, to the only table that has it. */
function resolverOf(level: Level): Resolve {
  return (reference) => {
    const names = namesOf(reference.fields);
    const column = names.at(-1) ?? '*';
    const qualifier = names.at(-2);
    for (let at: Level | undefined = level; at !== undefined; at = at.outer) {
      if (qualifier !== undefined && at.sources.has(qualifier)) {
        const use = at.sources.get(qualifier);
        return use !== undefined && hasColumn(use.table, column) ? { owner: use, column } : undefined;
      }
      const having = [...at.sources.values()].filter((use) => use !== undefined && hasColumn(use.table, column));
      if (qualifier === undefined && having.length > 0)
        return having.length === 1 ? { owner: having[0] as OpenUse, column } : undefined;
    }
    return undefined;
  };
}

function noteColumn(reference: Message, level: Level, resolve: Resolve): void {
  const found = resolve(reference);
  if (found !== undefined) (found.owner as OpenUse).columns.add(found.column);
  if (as('A_Star', listOf(reference.fields).at(-1)) === undefined) return;
  const qualifier = namesOf(reference.fields).at(-2);
  for (const [alias, use] of level.sources)
    if (use !== undefined && (qualifier ?? alias) === alias) for (const { name } of use.table.columns) use.columns.add(name);
}

const aggregates =
  /^(count|sum|avg|min|max|stddev\w*|var\w*|bool_and|bool_or|every|array_agg|string_agg|jsonb?_agg|percentile_\w+)$/;

export const isAggregated = (level: Message): boolean =>
  listOf(level.groupClause).length > 0 ||
  [...walk(level.targetList)].some(
    ({ type, message }) =>
      type === 'FuncCall' && message.over === undefined && aggregates.test(namesOf(message.funcname).at(-1) ?? ''),
  );

function readOrderAndGroup({ message }: Level, resolve: Resolve): void {
  const targets = listOf(message.targetList).map((node) => as('ResTarget', node));
  // By its place, by the name it has in the result, or as it is
  const meant = (node: unknown): Message | undefined => {
    const place = (as('A_Const', node)?.ival as Message | undefined)?.ival;
    if (typeof place === 'number') return as('ColumnRef', targets[place - 1]?.val);
    const reference = as('ColumnRef', node);
    const names = namesOf(reference?.fields);
    const named = names.length === 1 ? targets.find((target) => target?.name === names[0]) : undefined;
    return named === undefined ? reference : as('ColumnRef', named.val);
  };
  const ofOne = (nodes: readonly unknown[]) => {
    const found = nodes.map((node) => {
      const reference = meant(node);
      return reference === undefined ? undefined : resolve(reference);
    });
    const [first] = found;
    const whole = found.every((one) => one !== undefined && one.owner === first?.owner);
    return first !== undefined && whole
      ? { use: first.owner as OpenUse, columns: found.map((one) => one?.column ?? '') }
      : undefined;
  };
  const group = ofOne(listOf(message.groupClause));
  if (group !== undefined) group.use.group = group.columns;
  if (isAggregated(message)) {
    readExtreme(message, resolve);
    return;
  }
  const sorts = listOf(message.sortClause).map((node) => as('SortBy', node) ?? {});
  const order = ofOne(sorts.map(({ node }) => node));
  if (order !== undefined)
    order.use.order = order.columns.map((column, place) => ({ column, options: optionsOf(sorts[place] ?? {}) }));
}

function optionsOf({ sortby_dir, sortby_nulls }: Message): OrderKey['options'] {
  if (sortby_dir === 'SORTBY_DESC') return sortby_nulls === 'SORTBY_NULLS_LAST' ? 'DESC NULLS LAST' : 'DESC';
  return sortby_nulls === 'SORTBY_NULLS_FIRST' ? 'NULLS FIRST' : '';
}

/** `SELECT max(x)` is answered from the end of an index. */
function readExtreme(message: Message, resolve: Resolve): void {
  const [only, more] = listOf(message.targetList);
  const call = as('FuncCall', as('ResTarget', only)?.val);
  const reference = as('ColumnRef', listOf(call?.args)[0]);
  if (more !== undefined || reference === undefined || listOf(message.groupClause).length > 0) return;
  if (!/^(min|max)$/.test(namesOf(call?.funcname).at(-1) ?? '')) return;
  const found = resolve(reference);
  if (found === undefined) return;
  const use = found.owner as OpenUse;
  use.order = [{ column: found.column, options: '' }];
  use.limited = true;
}

/** What the policies for a login compare columns of the row with; policies that join others by OR leave no single column. */
function addPolicies(use: OpenUse, login: string): void {
  const policies = use.table.policies.filter(({ roles }) => roles.includes('public') || roles.includes(login));
  const [only, more] = policies;
  if (only === undefined || more !== undefined) return;
  const tree = readStatementTree(`SELECT FROM policy_of WHERE (${only.using})`);
  const resolve: Resolve = (reference) => {
    const column = namesOf(reference.fields).at(-1) ?? '';
    return hasColumn(use.table, column) ? { owner: use, column } : undefined;
  };
  const found: Found[] = tree === undefined ? [] : conditionsOf(tree.message.whereClause, resolve);
  use.tenantColumns = found
    .filter(({ condition }) => condition.kind === 'equal' && !condition.around)
    .map(({ condition }) => condition.column);
}
