import { isReadable, type ReaderRole, type RelationDefinition, type SchemaDefinition } from '../../core/schema-definition.ts';
import { as, isMessage, listOf, type Message, namesOf, stringNode, unwrap, type WrappedNode } from './tree.ts';

/** A scope of one tenant is compared with `=`, which the planner carries over to joined columns; a larger one with `IN`. */
export type PredicateForm = 'one' | 'several';

export interface TenantPredicateOptions {
  readonly definition: SchemaDefinition;
  readonly reader: ReaderRole;
  readonly form: PredicateForm;
  /** Stands for the ids of the tenants: the same text serves every scope of its form. */
  readonly placeholder: number;
}

/** Adds a condition that is never asked about a null-extended row of the table in hand; undefined where there is no such place. */
type Place = ((condition: WrappedNode) => void) | undefined;

/** Visits the tables of one FROM, each with the place for its condition. */
type VisitTable = (table: Message, place: Place) => void;

/**
 * Adds `<table>.<tenant column> = <placeholder>` for every table whose rows a policy separates by that very comparison, and
 * gives the number of conditions added. `selects` are the plain SELECTs of a statement, their tables schema-qualified.
 *
 * An optimisation and nothing more: row-level security stays in force and decides what is seen. It compares with an array
 * that the planner does not know; a constant brings statistics, index conditions and partition pruning. The condition is
 * true of every row that the policy lets through, so it changes no answer unless it meets a row that an outer join made up
 * of NULLs: hence WHERE, ON for the nullable side, or nothing. No table is wrapped, so that names, columns and GROUP BY on a
 * key stay what they were.
 */
export function addTenantPredicates(selects: readonly Message[], options: TenantPredicateOptions): number {
  let added = 0;
  const visitTable: VisitTable = (table, place) => {
    const path = place === undefined ? undefined : tenantColumnPath(table, options);
    if (place === undefined || path === undefined) return;
    place(comparison(path, options));
    added += 1;
  };
  for (const select of selects) {
    const where: Place = (condition) => {
      select.whereClause = both(select.whereClause, condition);
    };
    for (const item of listOf(select.fromClause)) visit(item, where, visitTable);
  }
  return added;
}

function visit(item: unknown, place: Place, visitTable: VisitTable): void {
  const found = unwrap(item);
  if (found === undefined) return;
  const { type, message } = found;
  if (type === 'RangeVar') visitTable(message, place);
  // A sample is drawn before WHERE is asked, and before the policy is
  else if (type === 'RangeTableSample') visit(message.relation, place, visitTable);
  else if (type === 'JoinExpr') visitJoin(message, place, visitTable);
}

function visitJoin(join: Message, place: Place, visitTable: VisitTable): void {
  const merges = join.isNatural === true || listOf(join.usingClause).length > 0;
  const on: Place = merges
    ? undefined
    : (condition) => {
        join.quals = both(join.quals, condition);
      };
  // Behind an alias of the whole join its tables cannot be named from outside
  const outside = isMessage(join.alias) ? undefined : place;
  const places: Readonly<Record<string, readonly [left: Place, right: Place]>> = {
    JOIN_INNER: [outside ?? on, outside ?? on],
    JOIN_LEFT: [outside, on],
    JOIN_RIGHT: [on, outside],
  };
  const [left, right] = places[String(join.jointype)] ?? [undefined, undefined];
  visit(join.larg, left, visitTable);
  visit(join.rarg, right, visitTable);
}

const wholeNumbers = new Set(['int2', 'int4', 'int8']);

/** How a condition names the table's tenant column; undefined for a CTE, and where the column does not decide alone what is seen. */
function tenantColumnPath(table: Message, { definition, reader }: TenantPredicateOptions): readonly string[] | undefined {
  if (table.schemaname !== definition.schema) return undefined;
  const relation = definition.relations.find(({ name }) => name === table.relname);
  const position = relation === undefined ? -1 : tenantColumnPosition(relation, reader);
  if (relation === undefined || position < 0) return undefined;
  const alias = isMessage(table.alias) ? table.alias : undefined;
  const renamed = namesOf(alias?.colnames);
  const names = relation.columns.map((column, index) => renamed[index] ?? column.name);
  const column = names[position];
  const isAmbiguous = names.indexOf(String(column), position + 1) >= 0 || names.indexOf(String(column)) < position;
  return column === undefined || isAmbiguous ? undefined : [String(alias?.aliasname ?? table.relname), column];
}

function tenantColumnPosition(
  { tenantScoped, tenantColumn, policyReads, columns }: RelationDefinition,
  reader: ReaderRole,
): number {
  // A policy that reads other relations shows rows of other tenants too
  if (!tenantScoped || policyReads.length > 0) return -1;
  return columns.findIndex(
    (column) => column.name === tenantColumn && wholeNumbers.has(column.type) && isReadable(column, reader),
  );
}

function comparison(path: readonly string[], { form, placeholder }: TenantPredicateOptions): WrappedNode {
  const constant = { A_Const: { ival: { ival: placeholder } } };
  const lexpr = { ColumnRef: { fields: path.map(stringNode) } };
  const name = [stringNode('=')];
  return {
    A_Expr:
      form === 'one'
        ? { kind: 'AEXPR_OP', name, lexpr, rexpr: constant }
        : { kind: 'AEXPR_IN', name, lexpr, rexpr: { List: { items: [constant] } } },
  };
}

/** `a AND b`, flat as the parser writes it. */
function both(present: unknown, condition: WrappedNode): unknown {
  if (present === undefined) return condition;
  const conjunction = as('BoolExpr', present);
  const parts = conjunction?.boolop === 'AND_EXPR' ? listOf(conjunction.args) : [present];
  return { BoolExpr: { boolop: 'AND_EXPR', args: [...parts, condition] } };
}
