import { as, isMessage, listOf, type Message, stringNode } from '../query/guard-rules/tree.ts';
import { type StatementTree, writeStatement } from '../query/statement-tree.ts';
import { isState } from './candidates.ts';
import { type Condition, parametersIn, walk } from './conditions.ts';
import { type ColumnSample, type Samples, sampleKey } from './read-samples.ts';
import type { Statement } from './read-workload.ts';
import { isAggregated, type TableUse } from './statement-shape.ts';

/** One way in which a statement is likely to be asked, as SQL to explain. Holds data of the sample: for plans, never for print. */
export interface Case {
  readonly sql: string;
  /** Share of the calls, 0..1; those of a statement add up to 1. */
  readonly weight: number;
}

/** From this share of its rows on, one value of a column is looked at by itself. */
const bigShare = 0.3;

type Change = () => () => void;

/**
 * Statistics keep statements without their values. A plan for parameters supposes a tenth of the rows for LIMIT, a third for a range and
 * equal shares for all values; here LIMIT is what came back, a range takes a twentieth, and where one tenant has much of the table its
 * calls are weighed by that share.
 */
export function casesOf(
  statement: Pick<Statement, 'tree' | 'calls' | 'rows'>,
  uses: readonly TableUse[],
  samples: Samples,
): Case[] {
  const always = [
    ...uses.flatMap((use) => [...limits(use, statement), ...ranges(use, samples)]),
    ...uses.flatMap((use) => states(use, statement, samples)),
  ];
  const big = uses
    .flatMap((use) => skewed(use, samples))
    .sort((a, b) => b.share - a.share)
    .at(0);
  const generic = (except?: Skew) =>
    uses.flatMap((use) =>
      use.tenantColumns.filter((column) => except?.use !== use || except.column !== column).map((column) => tenant(use, column)),
    );
  const plain = { sql: write(statement.tree, [...always, ...generic()]), weight: 1 - (big?.share ?? 0) };
  if (big === undefined) return [plain];
  return [plain, { sql: write(statement.tree, [...always, ...generic(big), big.change]), weight: big.share }];
}

/** Changes the tree, takes its text, and changes it back: conditions point into it. */
function write(tree: StatementTree, changes: readonly Change[]): string {
  const undo = changes.map((change) => change()).reverse();
  try {
    const copy = structuredClone(asSelect(tree));
    const numbers = new Map<unknown, number>();
    for (const { type, message } of walk({ SelectStmt: copy.message })) {
      if (type !== 'ParamRef') continue;
      if (!numbers.has(message.number)) numbers.set(message.number, numbers.size + 1);
      message.number = numbers.get(message.number);
    }
    return writeStatement(copy);
  } finally {
    for (const back of undo) back();
  }
}

const whole = (count: number): Message => ({ A_Const: { ival: { ival: count } } });

/** How the rows to be changed are found: to explain that no login needs the right to change them. */
function asSelect({ kind, message }: StatementTree): StatementTree {
  if (kind === 'SelectStmt') return { kind, message };
  if (kind === 'InsertStmt') return { kind: 'SelectStmt', message: as('SelectStmt', message.selectStmt) ?? {} };
  const fromClause = [{ RangeVar: message.relation }, ...listOf(message.fromClause), ...listOf(message.usingClause)];
  const { whereClause, withClause } = message;
  const targetList = [{ ResTarget: { val: whole(1) } }];
  return {
    kind: 'SelectStmt',
    message: {
      targetList,
      fromClause,
      ...(isMessage(whereClause) && { whereClause }),
      ...(isMessage(withClause) && { withClause }),
      op: 'SETOP_NONE',
      limitOption: 'LIMIT_OPTION_DEFAULT',
    },
  };
}

const replaced =
  (node: Message, by: Message): Change =>
  () => {
    const before = { ...node };
    for (const name of Object.keys(node)) delete node[name];
    Object.assign(node, by);
    return () => {
      for (const name of Object.keys(node)) delete node[name];
      Object.assign(node, before);
    };
  };

function literal(value: string, type: string): Message {
  return { TypeCast: { arg: { A_Const: { sval: { sval: value } } }, typeName: { names: [stringNode(type)], typemod: -1 } } };
}

function limits({ level }: TableUse, { rows, calls }: Pick<Statement, 'rows' | 'calls'>): Change[] {
  const perCall = Math.max(1, Math.round(rows / calls));
  return [level.limitCount, level.limitOffset].flatMap((node) =>
    isMessage(node) && parametersIn(node).length > 0 ? [replaced(node, whole(perCall))] : [],
  );
}

/** Places of the quantiles in a sample. */
const [low, middle, , , high] = [0, 1, 2, 3, 4] as const;
const center = 2;

function ranges(use: TableUse, samples: Samples): Change[] {
  const found = use.conditions.filter(({ kind, around }) => kind === 'range' && around === undefined);
  return [...new Set(found.map(({ column }) => column))].flatMap((column) => {
    const quantiles = samples.get(sampleKey(use.table, column))?.quantiles;
    const operands = found.filter((one) => one.column === column).flatMap((one) => one.operands);
    const type = typeOf(use, column);
    if (quantiles === undefined || type === undefined) return [];
    const twoSided = new Set(operands.map(({ bounds }) => bounds)).size > 1;
    return operands.flatMap(({ node, bounds }) => {
      const place = bounds === 'low' ? (twoSided ? middle : high) : twoSided ? center : low;
      const value = quantiles[place];
      return value === undefined ? [] : [replaced(node, literal(value, type))];
    });
  });
}

/** Types that a quoted literal can be cast to by one name. */
const castable: Readonly<Record<string, string>> = {
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  'double precision': 'float8',
  real: 'float4',
};

function typeOf({ table }: TableUse, column: string): string | undefined {
  const type = table.columns.find(({ name }) => name === column)?.type.replace(/\(.*\)/, '');
  if (type === undefined) return undefined;
  return (
    castable[type] ?? (/^(date|text|numeric|uuid|boolean)$/.test(type) ? type : /^character/.test(type) ? 'text' : undefined)
  );
}

interface Skew {
  readonly use: TableUse;
  readonly column: string;
  readonly share: number;
  readonly change: Change;
}

const topOf = (sample: ColumnSample | undefined) => sample?.common[0];

/** Columns of keys, such as a tenant's, of which one value has much of the table. */
function skewed(use: TableUse, samples: Samples): Skew[] {
  const columns = [...use.tenantColumns, ...equalities(use).map(({ column }) => column)];
  return [...new Set(columns)].flatMap((column) => {
    const sample = samples.get(sampleKey(use.table, column));
    const top = topOf(sample);
    const type = typeOf(use, column);
    if (
      sample === undefined ||
      top === undefined ||
      top.share < bigShare ||
      type === undefined ||
      isState(use.table, column, sample)
    )
      return [];
    const value = literal(top.value, type);
    const operand = equalities(use).find((one) => one.column === column)?.operands[0];
    return [
      {
        use,
        column,
        share: top.share,
        change: operand === undefined ? tenant(use, column, value) : replaced(operand.node, value),
      },
    ];
  });
}

const equalities = ({ conditions }: TableUse): Condition[] =>
  conditions.filter(
    ({ kind, around, operands, joins }) => kind === 'equal' && around === undefined && !joins && operands.length > 0,
  );

/** A state that most rows are in is seldom the one that is asked for; how many rows came back tells, where it can. */
function states(use: TableUse, { rows, calls }: Pick<Statement, 'rows' | 'calls'>, samples: Samples): Change[] {
  return equalities(use).flatMap(({ column, operands: [operand] }) => {
    const sample = samples.get(sampleKey(use.table, column));
    const [most, next] = sample?.common ?? [];
    const type = typeOf(use, column);
    if (
      sample === undefined ||
      most === undefined ||
      next === undefined ||
      operand === undefined ||
      !isState(use.table, column, sample)
    )
      return [];
    if (most.share < 0.7 || type === undefined) return [];
    const told = !use.limited && !isAggregated(use.level) && equalities(use).length === 1;
    const asksForMost = told && rows / calls > 0.5 * most.share * use.table.rows;
    return [replaced(operand.node, literal(asksForMost ? most.value : next.value, type))];
  });
}

/** What row-level security adds to the statement of a reader: this column is a tenant's. */
function tenant({ level, alias }: TableUse, column: string, value?: Message): Change {
  return () => {
    const condition: Message = {
      A_Expr: {
        kind: 'AEXPR_OP',
        name: [stringNode('=')],
        lexpr: { ColumnRef: { fields: [stringNode(alias), stringNode(column)] } },
        rexpr: value ?? { ParamRef: { number: `${alias}.${column}` } },
      },
    };
    const before = level.whereClause;
    const both =
      as('BoolExpr', before)?.boolop === 'AND_EXPR' ? listOf(as('BoolExpr', before)?.args) : before === undefined ? [] : [before];
    level.whereClause = both.length === 0 ? condition : { BoolExpr: { boolop: 'AND_EXPR', args: [...both, condition] } };
    return () => {
      if (before === undefined) delete level.whereClause;
      else level.whereClause = before;
    };
  };
}
