import { clockWord } from './clock-words.ts';
import { as, isMessage, listOf, type Message, namesOf } from './tree.ts';

/**
 * A statement cut at its plain literals, so that one that differs in them alone need not be read again.
 *
 * Why that is safe: two texts with the same frame are equal outside of these places. Where the parser says that a literal begins
 * exactly there and is exactly that text, PostgreSQL's scanner is in the same state before it and meets the same character
 * after it, whatever digits, or characters without quote and backslash, stand in between: the trees differ in that value only.
 */
export interface CutStatement {
  /** The text with a placeholder for each literal. */
  readonly frame: string;
  readonly literals: readonly Literal[];
}

interface Literal {
  /** As written, quotes included. */
  readonly text: string;
  /** Offset in the statement, which is ASCII: characters are bytes. */
  readonly offset: number;
}

/** Numbers by themselves, and quoted texts. Some are no literals (`"a 1"`, `'it''s'`): those the parser does not confirm. */
const literalForm = /'[^'\\]*'|(?<![\w$.])\d+(?![\w$.])/g;
const placeholder = '\u0001';
const maxLiterals = 200;

/** Undefined where places could be miscounted or a comment could hide them. */
export function cutAtLiterals(sql: string): CutStatement | undefined {
  if (!/^[\t\n\r\x20-\x7e]*$/.test(sql) || sql.includes('--') || sql.includes('/*')) return undefined;
  const literals: Literal[] = [];
  const frame = sql.replace(literalForm, (text, offset: number) => {
    literals.push({ text, offset });
    return text.startsWith("'") ? `'${placeholder}'` : placeholder;
  });
  return literals.length > maxLiterals ? undefined : { frame, literals };
}

/** Whole numbers of PostgreSQL's int4, in the one way to write them. */
const plainNumber = /^(?:0|[1-9]\d{0,8})$/;
const plainText = /^'[A-Za-z0-9 _.,:&@+-]{0,100}'$/;

/** Whether another literal may stand in the place of one like this. */
export function isPlain(text: string): boolean {
  return plainNumber.test(text) || (plainText.test(text) && !clockWord.test(text));
}

/** A constant of the tree whose value decides nothing, with the literal that it was written as. */
export interface FreeConstant {
  readonly literal: number;
  readonly constant: Message;
  /** The node that holds it, as `{ A_Const: constant }`. */
  readonly node: Message;
  /** Whether rows are kept where a column is equal to it: not less, more, another or one of several, and nothing but a condition. */
  readonly byEquality: boolean;
}

const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>=']);
const castsOfTime: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);

/**
 * The constants that a column is compared with (`x = 5`, `x IN (1, 2)`, `day BETWEEN '…' AND date '…'`): no rule of the guard looks
 * at their values. Those only that stand in the text exactly as the cut found them.
 */
export function freeConstants(tree: unknown, { literals }: CutStatement): FreeConstant[] {
  const at = new Map(literals.map(({ offset }, index) => [offset, index]));
  const found: FreeConstant[] = [];
  const take = (operand: unknown, byEquality: boolean): void => {
    const node = timeCastArgument(operand) ?? operand;
    const constant = as('A_Const', node);
    const literal = constant === undefined ? undefined : at.get(Number(constant.location ?? 0));
    const text = literal === undefined ? undefined : literals[literal]?.text;
    if (constant !== undefined && literal !== undefined && text !== undefined && isPlain(text) && writtenAs(constant) === text)
      found.push({ literal, constant, node: node as Message, byEquality });
  };
  const visit = (value: unknown, place: Place): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, place);
    if (!isMessage(value)) return;
    const comparison = as('A_Expr', value);
    const decidesRows = place === 'condition' && comparison !== undefined && isEquality(comparison);
    if (comparison !== undefined) for (const operand of operandsOf(comparison)) take(operand, decidesRows);
    for (const key in value) visit(value[key], placeOf(key, place));
  };
  visit(tree, 'statement');
  return found;
}

type Place = 'statement' | 'condition' | 'expression';

const conditions: ReadonlySet<string> = new Set(['whereClause', 'quals']);
/** What PostgreSQL compares expressions of with one another, or makes an answer of. */
const expressions: ReadonlySet<string> = new Set([
  ...['targetList', 'distinctClause', 'groupClause', 'havingClause', 'sortClause', 'windowClause'],
  ...['valuesLists', 'limitCount', 'limitOffset', 'functions'],
]);

/** Within an expression everything is a part of it, the conditions of its sub-selects too. */
function placeOf(key: string, place: Place): Place {
  if (place === 'expression' || expressions.has(key)) return 'expression';
  return conditions.has(key) ? 'condition' : place;
}

function timeCastArgument(node: unknown): unknown {
  const cast = as('TypeCast', node);
  if (cast === undefined || !isMessage(cast.typeName)) return undefined;
  const { names, arrayBounds, typmods } = cast.typeName;
  const plain = listOf(arrayBounds).length === 0 && listOf(typmods).length === 0;
  return plain && castsOfTime.has(namesOf(names).at(-1) ?? '') ? cast.arg : undefined;
}

/** What stands on the other side of a column. */
function operandsOf({ kind, name, lexpr, rexpr }: Message): readonly unknown[] {
  const isColumn = (node: unknown) => as('ColumnRef', node) !== undefined;
  if (kind === 'AEXPR_IN' || kind === 'AEXPR_BETWEEN') return isColumn(lexpr) ? listOf(as('List', rexpr)?.items) : [];
  if (kind !== 'AEXPR_OP' || !comparisons.has(namesOf(name).join('.'))) return [];
  if (isColumn(lexpr)) return [rexpr];
  return isColumn(rexpr) ? [lexpr] : [];
}

const isEquality = ({ kind, name }: Message): boolean => kind === 'AEXPR_OP' && namesOf(name).join('.') === '=';

function writtenAs({ ival, sval }: Message): string | undefined {
  if (isMessage(ival)) return String(ival.ival ?? 0);
  return isMessage(sval) ? `'${sval.sval ?? ''}'` : undefined;
}

/** Numbers that nobody writes, one a constant, so that their places show in a text. */
const firstMark = 2_147_470_000;
const markText = (index: number) => `literal ${firstMark + index} of a statement`;

/** Puts marks in place of the constants, and tells how each is written. */
export function markConstants(constants: readonly FreeConstant[]): string[] {
  return constants.map(({ constant }, index) => {
    if (isMessage(constant.ival)) {
      constant.ival = { ival: firstMark + index };
      return String(firstMark + index);
    }
    constant.sval = { sval: markText(index) };
    return `'${markText(index)}'`;
  });
}
