import { clockWord } from './clock-words.ts';
import { constantNumber, constantText } from './constants.ts';
import { allowedFunctions, hintForFunction, textFunctions, trigramFunctions, volatileFunctions } from './functions.ts';
import { reject } from './rejection.ts';
import { checkExponent, checkLiteral, checkSizes, limits, type SizeTally } from './sizes.ts';
import { as, isMessage, listOf, type Message, namesOf } from './tree.ts';
import { allowedCollations, allowedOperators, allowedTypes, clockTypes, paddedTypes, spokenType } from './types-and-operators.ts';

/** What the walk over every node finds out. */
export interface Inspection extends SizeTally {
  /** The answer depends on the clock, on chance or on sampling. */
  volatile: boolean;
  /** Column references, range variables and selects met, for comparison with those that name resolution met. */
  names: number;
}

type Check = (message: Message, inspection: Inspection, location: number | undefined) => void;

const countName: Check = (_message, inspection) => {
  inspection.names += 1;
};

/** What is checked at nodes of a type beyond the grammar table: function, type, operator and collation names, and sizes. */
export const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['SelectStmt', countName],
  ['ColumnRef', countName],
  ['RangeVar', countName],
  ['FuncCall', checkFunction],
  ['TypeName', checkType],
  ['TypeCast', checkCast],
  ['A_Const', checkConstant],
  ['A_Expr', (message, _inspection, location) => checkOperator(message, location)],
  ['SubLink', (message, _inspection, location) => checkOperatorName(message.operName, location)],
  ['SortBy', (message, _inspection, location) => checkOperatorName(message.useOp, location)],
  ['CollateClause', checkCollation],
  ['RangeTableSample', checkSample],
  [
    'SQLValueFunction',
    (_message, inspection) => {
      inspection.volatile = true;
    },
  ],
]);

function checkFunction(call: Message, inspection: Inspection, location: number | undefined): void {
  const names = namesOf(call.funcname);
  const name = names.at(-1) ?? '';
  const spoken = names.join('.');
  const qualified = names.length === 2 && names[0] === 'pg_catalog' && !trigramFunctions.has(name);
  if (names.length !== 1 && !qualified) {
    reject(`Function ${spoken}() is not allowed`, 'Only built-in functions may be called, by their bare name.', location);
  }
  if (!allowedFunctions.has(name)) reject(`Function ${spoken}() is not allowed`, hintForFunction(name), location);
  const args = listOf(call.args);
  if (volatileFunctions.has(name) || (name === 'age' && args.length === 1)) inspection.volatile = true;
  if (clockTypes.has(name) && isMadeText(args[0])) inspection.volatile = true;
  checkSizes(name, call, inspection);
}

function checkType(typeName: Message, _inspection: Inspection, location: number | undefined): void {
  const names = namesOf(typeName.names);
  const name = names.at(-1) ?? '';
  const builtIn = names.length === 1 || (names.length === 2 && names[0] === 'pg_catalog');
  if (!builtIn || !allowedTypes.has(name)) {
    const array = listOf(typeName.arrayBounds).length > 0 ? '[]' : '';
    reject(
      `Type ${names.join('.')}${array} is not allowed here`,
      'Cast to an ordinary type: integer, bigint, numeric, double precision, text, boolean, date, timestamp, interval, jsonb, uuid or an array of one.',
      location,
    );
  }
  const [length] = listOf(typeName.typmods);
  if (!paddedTypes.has(name.replace(/^_/, '')) || length === undefined) return;
  const characters = constantNumber(length);
  if (characters === undefined || characters > limits.characters) {
    reject(`The length of ${spokenType(name)} is more than ${limits.characters}`, 'Use text, or a shorter length.', location);
  }
}

/** `'today'::date` reads the clock, and so may a text that is put together first. */
function checkCast(cast: Message, inspection: Inspection): void {
  const type = isMessage(cast.typeName) ? (namesOf(cast.typeName.names).at(-1) ?? '') : '';
  if (clockTypes.has(type.replace(/^_/, '')) && isMadeText(cast.arg)) inspection.volatile = true;
}

function isMadeText(node: unknown): boolean {
  const call = as('FuncCall', node);
  if (call !== undefined) return textFunctions.has(namesOf(call.funcname).at(-1) ?? '');
  const expression = as('A_Expr', node);
  return expression !== undefined && ['||', '->>', '#>>'].includes(namesOf(expression.name).at(-1) ?? '');
}

/** An untyped literal becomes a date wherever a date is expected, so the words alone count. */
function checkConstant(constant: Message, inspection: Inspection): void {
  checkLiteral(constant);
  if (clockWord.test(constantText({ A_Const: constant }) ?? '')) inspection.volatile = true;
}

function checkOperator(expression: Message, location: number | undefined): void {
  checkOperatorName(expression.name, location);
  if (namesOf(expression.name).at(-1) === '^') checkExponent(expression.rexpr, location);
}

const wordOperators = new Set(['BETWEEN', 'NOT BETWEEN', 'BETWEEN SYMMETRIC', 'NOT BETWEEN SYMMETRIC']);

function checkOperatorName(name: unknown, location: number | undefined): void {
  const names = namesOf(name);
  const symbol = names.at(-1);
  if (symbol === undefined) return;
  if (names.length > 2 || (names.length === 2 && names[0] !== 'pg_catalog')) {
    reject(`Operator ${names.join('.')} is not allowed`, 'Write the operator without a schema.', location);
  }
  if (!allowedOperators.has(symbol) && !wordOperators.has(symbol)) {
    reject(`Operator ${symbol} is not allowed`, 'Use an operator of the built-in types.', location);
  }
}

function checkCollation(clause: Message, _inspection: Inspection, location: number | undefined): void {
  const names = namesOf(clause.collname);
  const builtIn = names.length === 1 || (names.length === 2 && names[0] === 'pg_catalog');
  if (builtIn && allowedCollations.has(names.at(-1) ?? '')) return;
  reject(`Collation "${names.join('.')}" is not allowed`, 'Use COLLATE "C", or leave it out.', location);
}

function checkSample(sample: Message, inspection: Inspection, location: number | undefined): void {
  const names = namesOf(sample.method);
  if (names.length !== 1 || !['system', 'bernoulli'].includes(names[0] ?? '')) {
    reject(`Sampling method ${names.join('.')} is not allowed`, 'Use TABLESAMPLE system (…) or bernoulli (…).', location);
  }
  inspection.volatile = true;
}
