import { as, isMessage, listOf, type Message, namesOf, unwrap, type WrappedNode } from '../query/guard-rules/tree.ts';
import { writeNode } from '../query/statement-tree.ts';

/** What a WHERE or ON says of one column (or of an expression over one column) of one table. */
export interface Condition {
  readonly kind: 'equal' | 'range' | 'null' | 'not null' | 'true' | 'false' | 'pattern' | 'contains' | 'other';
  readonly column: string;
  /** The expression around the column, where it does not stand alone. */
  readonly around?: Around;
  /** What it is compared with, where that holds a parameter and stands alone; of a range with the side that it bounds. */
  readonly operands: readonly Operand[];
  /** It is compared with a column of another table. */
  readonly joins: boolean;
  /** Of a pattern: case does not matter, and whether it begins with a wildcard, where the text tells. */
  readonly pattern?: { readonly insensitive: boolean; readonly begins: 'wildcard' | 'text' | 'unknown' };
}

export interface Operand {
  /** The node in the statement's tree, for another to be put in its place. */
  readonly node: Message;
  readonly bounds?: 'low' | 'high';
}

export interface Around {
  readonly kind: 'function' | 'cast' | 'arithmetic';
  /** Function or type. */
  readonly name: string;
  /** As SQL without the table's alias, for an index over it; undefined where it holds a parameter or another function. */
  readonly sql: string | undefined;
}

/** Whose column a reference names: undefined for one that this level cannot tell. */
export type Resolve = (reference: Message) => { readonly owner: object; readonly column: string } | undefined;

export interface Found {
  readonly owner: object;
  readonly condition: Condition;
}

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=' };

/** Conditions that must all hold. What stands under OR says nothing of one column, unless every arm is about the same one. */
export function conditionsOf(node: unknown, resolve: Resolve): Found[] {
  const wrapped = unwrap(node);
  if (wrapped === undefined) return [];
  const { type, message } = wrapped;
  if (type === 'BoolExpr') return ofBoolean(message, resolve);
  if (type === 'A_Expr') return ofOperator(message, resolve);
  if (type === 'NullTest') return single(message.arg, resolve, message.nulltesttype === 'IS_NULL' ? 'null' : 'not null');
  if (type === 'BooleanTest' && message.booltesttype === 'IS_TRUE') return single(message.arg, resolve, 'true');
  if (type === 'BooleanTest' && message.booltesttype === 'IS_FALSE') return single(message.arg, resolve, 'false');
  return type === 'ColumnRef' ? single(node, resolve, 'true') : [];
}

function ofBoolean({ boolop, args }: Message, resolve: Resolve): Found[] {
  const arms = listOf(args);
  if (boolop === 'AND_EXPR') return arms.flatMap((arm) => conditionsOf(arm, resolve));
  if (boolop === 'NOT_EXPR') return as('ColumnRef', arms[0]) === undefined ? [] : single(arms[0], resolve, 'false');
  const found = arms.map((arm) => conditionsOf(arm, resolve));
  const [first] = found[0] ?? [];
  const same = found.every(
    ([only, more]) =>
      more === undefined &&
      only?.owner === first?.owner &&
      only?.condition.column === first?.condition.column &&
      only?.condition.kind === 'equal',
  );
  return same && first !== undefined ? [first] : [];
}

function single(node: unknown, resolve: Resolve, kind: Condition['kind']): Found[] {
  const side = sideOf(node, resolve);
  if (side === undefined) return [];
  return [
    {
      owner: side.owner,
      condition: { kind, column: side.column, operands: [], joins: false, ...(side.around && { around: side.around }) },
    },
  ];
}

function ofOperator(message: Message, resolve: Resolve): Found[] {
  const operator = namesOf(message.name).at(-1) ?? '';
  const left = sideOf(message.lexpr, resolve);
  const right = message.kind === 'AEXPR_OP' ? sideOf(message.rexpr, resolve) : undefined;
  if (left !== undefined && right !== undefined)
    return left.owner === right.owner || operator !== '=' ? [] : [joined(left), joined(right)];
  if (left !== undefined) return ofSide(left, message, operator, message.rexpr, resolve);
  const turned = mirrored[operator];
  return right === undefined || turned === undefined ? [] : ofSide(right, message, turned, message.lexpr, resolve);
}

const joined = (side: Side): Found => ({
  owner: side.owner,
  condition: { kind: 'equal', column: side.column, operands: [], joins: true, ...(side.around && { around: side.around }) },
});

function ofSide(side: Side, { kind }: Message, operator: string, other: unknown, resolve: Resolve): Found[] {
  const operand = (node: unknown, bounds?: Operand['bounds']): Operand[] =>
    isMessage(node) && parametersIn(node).length > 0 && !hasColumns(node, resolve) ? [{ node, ...(bounds && { bounds }) }] : [];
  const found = (condition: Partial<Condition> & Pick<Condition, 'kind'>): Found[] => [
    {
      owner: side.owner,
      condition: {
        column: side.column,
        operands: kind === 'AEXPR_OP' ? operand(other) : [],
        joins: hasColumns(other, resolve),
        ...(side.around && { around: side.around }),
        ...condition,
      },
    },
  ];
  if (kind === 'AEXPR_BETWEEN') {
    const [low, high] = listOf(as('List', other)?.items);
    return found({ kind: 'range', operands: [...operand(low, 'low'), ...operand(high, 'high')] });
  }
  if (/^!?~~\*?$|^~\*?$/.test(operator)) {
    if (operator.startsWith('!')) return [];
    return found({ kind: 'pattern', pattern: { insensitive: operator.endsWith('*'), begins: beginning(other) } });
  }
  if (operator === '=' && (kind === 'AEXPR_OP' || kind === 'AEXPR_IN' || kind === 'AEXPR_OP_ANY'))
    return found({ kind: 'equal' });
  if (/^[<>]=?$/.test(operator) && kind === 'AEXPR_OP')
    return found({ kind: 'range', operands: operand(other, operator.startsWith('>') ? 'low' : 'high') });
  if (/^(@>|@@|&&|\?[|&]?)$/.test(operator)) return found({ kind: 'contains' });
  return found({ kind: 'other' });
}

/** Where a pattern stands in the text: in statistics it is a parameter by then, unless it is put together around one. */
function beginning(node: unknown): 'wildcard' | 'text' | 'unknown' {
  const text = as('String', node)?.sval ?? (as('A_Const', node)?.sval as Message | undefined)?.sval;
  if (typeof text === 'string') return /^[%_]/.test(text) ? 'wildcard' : 'text';
  const joinedText = as('A_Expr', node);
  return joinedText === undefined ? 'unknown' : beginning(joinedText.lexpr);
}

interface Side {
  readonly owner: object;
  readonly column: string;
  readonly around?: Around;
}

function sideOf(node: unknown, resolve: Resolve): Side | undefined {
  const wrapped = unwrap(node);
  if (wrapped === undefined) return undefined;
  const { type, message } = wrapped;
  if (type === 'ColumnRef') return resolve(message);
  if (type === 'FuncCall') {
    const inner = onlyColumn(listOf(message.args), resolve);
    return (
      inner && { ...inner, around: { kind: 'function', name: namesOf(message.funcname).at(-1) ?? '', sql: expression(node) } }
    );
  }
  if (type === 'TypeCast') {
    const inner = sideOf(message.arg, resolve);
    return (
      inner && {
        ...inner,
        around: { kind: 'cast', name: namesOf((message.typeName as Message).names).at(-1) ?? '', sql: undefined },
      }
    );
  }
  if (type === 'A_Expr' && message.kind === 'AEXPR_OP' && /^[-+*/|]+$/.test(namesOf(message.name).at(-1) ?? '')) {
    const inner = onlyColumn([message.lexpr, message.rexpr], resolve);
    return inner && { ...inner, around: { kind: 'arithmetic', name: namesOf(message.name).at(-1) ?? '', sql: undefined } };
  }
  return undefined;
}

/** The one argument that holds a column; undefined where two do. */
function onlyColumn(nodes: readonly unknown[], resolve: Resolve): { owner: object; column: string } | undefined {
  const sides = nodes.map((node) => sideOf(node, resolve)).filter((side) => side !== undefined);
  return sides.length === 1 ? sides[0] : undefined;
}

/** An expression of one function over one column and nothing else, without the table's alias. */
function expression(node: unknown): string | undefined {
  const { funcname, args, ...rest } = as('FuncCall', node) ?? {};
  const [argument, more] = listOf(args);
  const reference = as('ColumnRef', argument);
  if (reference === undefined || more !== undefined || 'over' in rest || 'agg_distinct' in rest) return undefined;
  const bare = { ColumnRef: { fields: listOf(reference.fields).slice(-1) } };
  return writeNode({ FuncCall: { funcname, args: [bare], funcformat: 'COERCE_EXPLICIT_CALL' } } as WrappedNode);
}

/** Every node below, itself first. */
export function* walk(node: unknown): Generator<{ readonly type: string; readonly message: Message }> {
  if (Array.isArray(node)) for (const one of node) yield* walk(one);
  if (!isMessage(node)) return;
  for (const [type, value] of Object.entries(node)) {
    if (isMessage(value)) yield { type, message: value };
    yield* walk(value);
  }
}

export const parametersIn = (node: unknown): number[] =>
  [...walk(node)].filter(({ type }) => type === 'ParamRef').map(({ message }) => Number(message.number));

const hasColumns = (node: unknown, resolve: Resolve): boolean =>
  [...walk(node)].some(({ type, message }) => type === 'ColumnRef' && resolve(message) !== undefined);
