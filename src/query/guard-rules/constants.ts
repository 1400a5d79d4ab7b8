import { as, isMessage, listOf, type Message, namesOf, unwrap } from './tree.ts';

/** The number that an expression of constants stands for, or undefined where it depends on data. */
export function constantNumber(node: unknown): number | undefined {
  const found = unwrap(node);
  if (found === undefined) return undefined;
  const { type, message } = found;
  if (type === 'A_Const') return literalNumber(message);
  if (type === 'TypeCast' && isNumericType(message.typeName)) return constantNumber(message.arg);
  if (type === 'A_Expr' && message.kind === 'AEXPR_OP') return arithmetic(message);
  return undefined;
}

function literalNumber(constant: Message): number | undefined {
  if (isMessage(constant.ival)) return Number(constant.ival.ival ?? 0);
  if (isMessage(constant.fval)) return Number(constant.fval.fval);
  const text = constantText({ A_Const: constant });
  return text !== undefined && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function arithmetic(expression: Message): number | undefined {
  const right = constantNumber(expression.rexpr);
  if (right === undefined) return undefined;
  const [operator, more] = namesOf(expression.name);
  if (more !== undefined) return undefined;
  if (expression.lexpr === undefined) return operator === '-' ? -right : operator === '+' ? right : undefined;
  const left = constantNumber(expression.lexpr);
  if (left === undefined) return undefined;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      return undefined;
  }
}

const isNumericType = (typeName: unknown): boolean =>
  isMessage(typeName) &&
  listOf(typeName.arrayBounds).length === 0 &&
  /^(int[248]|numeric|float[48])$/.test(namesOf(typeName.names).at(-1) ?? '');

/** The text of a string literal, also under casts: `'1 day'::interval`. */
export function constantText(node: unknown): string | undefined {
  const cast = as('TypeCast', node);
  if (cast !== undefined) return constantText(cast.arg);
  const constant = as('A_Const', node);
  return constant !== undefined && isMessage(constant.sval) ? String(constant.sval.sval ?? '') : undefined;
}

/** PostgreSQL's last type name of a cast, for example `date` of `x::pg_catalog.date`. */
export function castType(node: unknown): string | undefined {
  const cast = as('TypeCast', node);
  return cast !== undefined && isMessage(cast.typeName) ? namesOf(cast.typeName.names).at(-1) : undefined;
}

const secondsPer: Readonly<Record<string, number>> = {
  second: 1,
  sec: 1,
  s: 1,
  minute: 60,
  min: 60,
  m: 60,
  hour: 3600,
  hr: 3600,
  h: 3600,
  day: 86400,
  d: 86400,
  week: 604800,
  w: 604800,
  month: 28 * 86400,
  mon: 28 * 86400,
  quarter: 90 * 86400,
  year: 365 * 86400,
  yr: 365 * 86400,
  y: 365 * 86400,
};

/** Units as `interval '7' day` carries them: a bit for each field (INTERVAL_MASK in PostgreSQL's `timestamp.h`). */
const unitOfMask = new Map([
  [2, 'month'],
  [4, 'year'],
  [8, 'day'],
  [1024, 'hour'],
  [2048, 'minute'],
  [4096, 'second'],
]);

/** Least length in seconds of a constant interval, written `'7 days'`, `interval '7 days'` or `interval '7' day`. */
export function constantInterval(node: unknown): number | undefined {
  const text = constantText(node);
  if (text === undefined) return undefined;
  const typeName = as('TypeCast', node)?.typeName;
  const mask = isMessage(typeName) ? constantNumber(listOf(typeName.typmods)[0]) : undefined;
  const unit = mask === undefined ? undefined : unitOfMask.get(mask);
  return intervalSeconds(unit !== undefined && /^\s*[-+]?\d+\s*$/.test(text) ? `${text} ${unit}` : text);
}

/** Least length in seconds of an interval literal such as `1 day`, `-3 months`, `01:30:00`; undefined where it cannot be told. */
export function intervalSeconds(text: string): number | undefined {
  const clock = /^\s*([-+]?)(\d{1,6}):(\d\d)(?::(\d\d))?\s*$/.exec(text);
  if (clock !== null) {
    const seconds = Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4] ?? 0);
    return clock[1] === '-' ? -seconds : seconds;
  }
  if (!/^\s*([-+]?\d+(\.\d+)?\s*[a-z]+\s*)+$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/([-+]?\d+(?:\.\d+)?)\s*([a-z]+)/gi)) {
    const name = String(unit).toLowerCase();
    const length = secondsPer[name] ?? secondsPer[name.replace(/s$/, '')];
    if (length === undefined) return undefined;
    seconds += Number(amount) * length;
  }
  return seconds;
}

/** Seconds since 1970 of a date or timestamp literal between the years 1900 and 2200, the span that analysts mean. */
export function instantSeconds(text: string): number | undefined {
  const match =
    /^\s*(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*(?:Z|UTC|[-+]\d\d(?::?\d\d)?)?\s*$/i.exec(
      text,
    );
  const compact = match === null ? /^\s*(\d{4})(\d\d)(\d\d)\s*$/.exec(text) : match;
  if (compact === null) return undefined;
  const [, year, month, day = '1', hour = '0', minute = '0', second = '0'] = compact;
  if (Number(year) < 1900 || Number(year) > 2200) return undefined;
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
}
