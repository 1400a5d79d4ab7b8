import type { Misreading } from '../core/metrics-definition.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { type ColumnsOf, outputName } from './guard-rules/output-name.ts';
import { as, isMessage, listOf, type Message, namesOf, unwrap } from './guard-rules/tree.ts';

/**
 * The hint for the first result column that is likely to be taken for something that it is not. `selects` are the plain SELECTs of a
 * resolved statement, `columnsOf` the names of their columns. Decided once a text, with the guard's verdict; where a name cannot be followed nothing is said.
 */
export function misreadingIn(
  selects: readonly Message[],
  misreadings: readonly Misreading[],
  definition: SchemaDefinition,
  columnsOf: ColumnsOf,
): string | undefined {
  if (misreadings.length === 0) return undefined;
  for (const select of selects) {
    const tables = tablesOf(listOf(select.fromClause), definition);
    const beside = new Set([...tables.byAlias.values()]);
    const candidates = misreadings.filter(({ beside: relation }) => relation === undefined || beside.has(relation));
    if (candidates.length === 0) continue;
    const grouped = columnsIn(select.groupClause, tables, definition);
    for (const node of listOf(select.targetList)) {
      const target = as('ResTarget', node);
      if (target === undefined) continue;
      const name = typeof target.name === 'string' ? target.name : outputName(target.val, columnsOf);
      const shown = new Set([...columnsIn(target.val, tables, definition), ...grouped]);
      const aggregates = aggregatesIn(target.val, tables, definition);
      const found = candidates.find((candidate) => aggregates.some((aggregate) => isMisread(candidate, aggregate, name, shown)));
      if (found !== undefined) return found.hint;
    }
  }
  return undefined;
}

interface Tables {
  /** Served relations by the name that they go by in this FROM. */
  readonly byAlias: ReadonlyMap<string, string>;
  /** False where something else stands in FROM, which a bare name could be of. */
  readonly complete: boolean;
}

interface Aggregate {
  readonly name: string;
  readonly columns: ReadonlySet<string>;
}

function isMisread(candidate: Misreading, { name, columns }: Aggregate, output: string, shown: ReadonlySet<string>): boolean {
  const { aggregate, of, named, notNamed, unless = [] } = candidate;
  if (aggregate !== name || of.length !== columns.size || !of.every((column) => columns.has(column))) return false;
  if (named?.test(output) === false || notNamed?.test(output) === true) return false;
  return !unless.some((column) => shown.has(column));
}

function tablesOf(items: readonly unknown[], definition: SchemaDefinition): Tables {
  const byAlias = new Map<string, string>();
  let complete = true;
  const visit = (item: unknown): void => {
    const { type, message } = unwrap(item) ?? { type: '', message: {} };
    if (type === 'JoinExpr' && !isMessage(message.alias)) {
      visit(message.larg);
      visit(message.rarg);
    } else if (type === 'RangeVar' && message.schemaname === definition.schema) {
      const alias = isMessage(message.alias) ? message.alias : undefined;
      byAlias.set(String(alias?.aliasname ?? message.relname), String(message.relname));
      complete &&= alias?.colnames === undefined;
    } else complete = false;
  };
  for (const item of items) visit(item);
  return { byAlias, complete };
}

const aggregateNames: ReadonlySet<string> = new Set(['sum', 'avg', 'count']);

/** Aggregates over rows as they are: DISTINCT, windows and those of sub-selects mean something else. */
function aggregatesIn(value: unknown, tables: Tables, definition: SchemaDefinition): Aggregate[] {
  const found: Aggregate[] = [];
  walk(value, (type, message) => {
    const name = namesOf(message.funcname).at(-1) ?? '';
    if (type !== 'FuncCall' || !aggregateNames.has(name) || message.agg_distinct === true || message.over !== undefined) return;
    found.push({ name, columns: columnsIn(message.args, tables, definition) });
  });
  return found;
}

/** Columns by relation; what cannot be followed counts as a column of nothing. */
function columnsIn(value: unknown, { byAlias, complete }: Tables, { relations }: SchemaDefinition): Set<string> {
  const found = new Set<string>();
  walk(value, (type, message) => {
    if (type !== 'ColumnRef') return;
    const names = namesOf(message.fields);
    const column = names.at(-1) ?? '';
    const holders = [...new Set(byAlias.values())].filter((name) =>
      relations.some((relation) => relation.name === name && relation.columns.some((known) => known.name === column)),
    );
    const relation =
      names.length > 1 ? byAlias.get(names.at(-2) ?? '') : complete && holders.length === 1 ? holders[0] : undefined;
    found.add(`${relation}.${column}`);
  });
  return found;
}

/** Every node of an expression, sub-selects left out: they are SELECTs of their own. */
function walk(value: unknown, visit: (type: string, message: Message) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  if (!isMessage(value)) return;
  for (const key in value) {
    const inner = value[key];
    if (key === 'SelectStmt' || typeof inner !== 'object' || inner === null) continue;
    if (isMessage(inner)) visit(key, inner);
    walk(inner, visit);
  }
}
