import { constantNumber, constantText } from './constants.ts';
import { reject } from './rejection.ts';
import { checkSeries } from './series.ts';
import { as, isMessage, listOf, locationOf, type Message } from './tree.ts';

/** What a statement may make PostgreSQL build from nothing. Memory is taken before any timeout can act. */
export const limits = {
  literalBytes: 4096,
  /** Characters that `repeat`, `lpad`, `rpad`, a format width or a padded type may produce. */
  characters: 10_000,
  /** Times that `repeat` may multiply a text of unknown length. */
  repeatsOfUnknown: 1_000,
  /** All counts of `repeat` and elements of `array_fill` in one statement multiplied, since one may feed the other. */
  product: 1_000_000,
  arrayElements: 10_000,
  formatWidth: 1_000,
  factorial: 1_000,
  exponent: 1_000,
} as const;

/** Carries what sizes multiply to across the whole statement. */
export interface SizeTally {
  product: number;
}

type SizeRule = (args: readonly unknown[], call: Message, tally: SizeTally) => void;

const number = (value: number) => value.toLocaleString('en-US');

function requireConstant(
  name: string,
  what: string,
  argument: unknown,
  most: number,
  location?: number,
  instead?: string,
): number {
  const value = constantNumber(argument);
  if (value === undefined) {
    reject(
      `The ${what} of ${name}() must be a constant`,
      instead ?? `Write a number of at most ${number(most)} instead of an expression.`,
      location,
    );
  }
  if (!(Math.abs(value) <= most)) {
    reject(`The ${what} of ${name}() is ${value}, more than ${number(most)}`, `Use at most ${number(most)}.`, location);
  }
  return value;
}

const repeat: SizeRule = (args, call, tally) => {
  const location = locationOf(call);
  const instead = `Cut a fixed text instead: left(repeat('#', 100), n).`;
  const count = Math.max(1, requireConstant('repeat', 'count', args[1], limits.characters, location, instead));
  const text = as('A_Const', args[0]) === undefined ? undefined : constantText(args[0]);
  const most = text === undefined ? limits.repeatsOfUnknown : Math.floor(limits.characters / Math.max(1, text.length));
  tally.product *= count;
  if (count > most || tally.product > limits.product) {
    reject(
      `repeat() would make a text of more than ${number(limits.characters)} characters`,
      `Repeat at most ${most} times.`,
      location,
    );
  }
};

const pad =
  (name: string): SizeRule =>
  (args, call) => {
    const instead = `Write the length as a number, or cut a padded text: left(${name}(x, 100), n).`;
    requireConstant(name, 'length', args[1], limits.characters, locationOf(call), instead);
  };

const format: SizeRule = (args, call) => {
  const pattern = constantText(args[0]);
  if (pattern === undefined) {
    reject(
      'The pattern of format() must be a literal',
      'Write the pattern as a string literal, or join texts by ||.',
      locationOf(call),
    );
  }
  for (const [, star, width] of pattern.matchAll(/%(?:\d+\$)?-*(?:(\*)|(\d+))/g)) {
    if (star !== undefined || Number(width) > limits.formatWidth) {
      reject(
        `A width in format() must be a number of at most ${number(limits.formatWidth)}`,
        'Use lpad or rpad with a constant length.',
        locationOf(call),
      );
    }
  }
};

const arrayFill: SizeRule = (args, call, tally) => {
  const dimensions = listOf(as('A_ArrayExpr', args[1])?.elements);
  const location = locationOf(call);
  if (dimensions.length === 0)
    reject('The dimensions of array_fill() must be written as ARRAY[…]', 'For example array_fill(0, ARRAY[12]).', location);
  const product = dimensions.reduce<number>(
    (all, dimension) => all * requireConstant('array_fill', 'dimension', dimension, limits.arrayElements, location),
    1,
  );
  tally.product *= Math.max(1, product);
  if (product > limits.arrayElements || tally.product > limits.product) {
    reject(`array_fill() would make more than ${number(limits.arrayElements)} elements`, 'Use fewer, or shorter ones.', location);
  }
};

const factorial: SizeRule = (args, call) => {
  requireConstant('factorial', 'argument', args[0], limits.factorial, locationOf(call));
};

const power: SizeRule = (args, call) => checkExponent(args[1], locationOf(call));

/** `10 ^ 100000` makes a number of 100,000 digits. An exponent from a column is bounded by what numeric itself can hold. */
export function checkExponent(exponent: unknown, location: number | undefined): void {
  const value = constantNumber(exponent);
  if (value !== undefined && !(Math.abs(value) <= limits.exponent)) {
    reject(`The exponent ${value} is more than ${number(limits.exponent)}`, 'Use a smaller exponent.', location);
  }
}

const rules: ReadonlyMap<string, SizeRule> = new Map<string, SizeRule>([
  ['repeat', repeat],
  ['lpad', pad('lpad')],
  ['rpad', pad('rpad')],
  ['format', format],
  ['array_fill', arrayFill],
  ['factorial', factorial],
  ['power', power],
  ['pow', power],
  ['generate_series', (args, call) => checkSeries(args, locationOf(call))],
]);

export function checkSizes(name: string, call: Message, tally: SizeTally): void {
  const rule = rules.get(name);
  if (rule === undefined) return;
  const args = listOf(call.args);
  const named = args.some((argument) => as('NamedArgExpr', argument) !== undefined);
  if (named || (call.func_variadic === true && name !== 'format')) {
    reject(`Write the arguments of ${name}() by position`, 'Named and VARIADIC arguments hide the size.', locationOf(call));
  }
  rule(args, call, tally);
}

/** A literal may be long, not huge; a number may not be written with an exponent that makes it huge. */
export function checkLiteral(constant: Message): void {
  const text = isMessage(constant.sval) ? constant.sval.sval : isMessage(constant.bsval) ? constant.bsval.bsval : undefined;
  const location = locationOf(constant);
  if (typeof text === 'string' && Buffer.byteLength(text) > limits.literalBytes) {
    reject(`A literal is longer than ${number(limits.literalBytes)} bytes`, 'Use a shorter literal.', location);
  }
  const digits = isMessage(constant.fval) ? String(constant.fval.fval) : '';
  const exponent = /e[-+]?(\d+)$/i.exec(digits.replaceAll('_', ''))?.[1];
  if (Number(exponent) > limits.exponent) {
    reject(`The number ${digits} is too large`, `Use an exponent of at most ${limits.exponent}.`, location);
  }
}
