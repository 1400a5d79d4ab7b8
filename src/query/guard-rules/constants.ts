import { as, isMessage, listOf, type Message, namesOf, unwrap } from './tree.ts';

/** The number that an expression of constants stands for, where PostgreSQL makes the very same of it; otherwise undefined. */
export function constantNumber(node: unknown): number | undefined {
  const found = unwrap(node);
  if (found === undefined) return undefined;
  const { type, message } = found;
  if (type === 'A_Const') return literalNumber(message);
  if (type === 'TypeCast') return castNumber(message);
  return type === 'A_Expr' ? arithmetic(message) : undefined;
}

/** Of up to fifteen digits, which a double keeps apart. */
const shortNumber = /^\s*[-+]?[\d.]{1,15}(e[-+]?\d+)?\s*$/i;

function literalNumber(constant: Message): number | undefined {
  if (isMessage(constant.ival)) return Number(constant.ival.ival ?? 0);
  const text = isMessage(constant.fval) ? String(constant.fval.fval) : constantText({ A_Const: constant });
  const value = text !== undefined && shortNumber.test(text) ? Number(text) : Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}

/** A cast rounds, but for whole numbers to a whole type, and for any number to `numeric` without a length. */
function castNumber({ typeName, arg }: Message): number | undefined {
  const type = plainType(typeName);
  const value = constantNumber(arg);
  return type === 'numeric' || (/^int[248]$/.test(type) && Number.isSafeInteger(value)) ? value : undefined;
}

/** Of whole numbers that a double holds: of others the difference may be nothing here, and everything to PostgreSQL. */
function arithmetic({ name, lexpr, rexpr }: Message): number | undefined {
  const operator = namesOf(name).join('.');
  const right = constantNumber(rexpr);
  if (right === undefined) return undefined;
  if (lexpr === undefined) return operator === '-' ? -right : operator === '+' ? right : undefined;
  const left = constantNumber(lexpr);
  if (left === undefined) return undefined;
  const value = operations[operator]?.(left, right);
  return [left, right, value].every(Number.isSafeInteger) ? value : undefined;
}

const operations: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
};

/** The name of a type without a length and not of an array; empty for others. */
function plainType(typeName: unknown): string {
  if (!isMessage(typeName) || listOf(typeName.arrayBounds).length > 0 || listOf(typeName.typmods).length > 0) return '';
  return namesOf(typeName.names).at(-1) ?? '';
}

/** The text of a string literal, also under casts to what it says in full: `'1 day'::interval`, but not `'1 day'::varchar(2)`. */
export function constantText(node: unknown): string | undefined {
  const cast = as('TypeCast', node);
  if (cast !== undefined) {
    return /^(text|date|timestamp|timestamptz|interval)$/.test(plainType(cast.typeName)) ? constantText(cast.arg) : undefined;
  }
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
  const cast = as('TypeCast', node);
  const fields = isMessage(cast?.typeName) ? listOf(cast.typeName.typmods) : [];
  if (fields.length === 0) return intervalSeconds(constantText(node) ?? '');
  return intervalSeconds(`${constantText(cast?.arg)} ${unitOfMask.get(constantNumber(fields[0]) ?? 0)}`);
}

/**
 * Least length in seconds of an interval literal such as `1 day`, `-3 months`, `01:30:00`. Undefined where it cannot be told, and for
 * one that goes forwards and backwards: `-1 mon 29 days` stands still in March.
 */
export function intervalSeconds(text: string): number | undefined {
  const clock = /^\s*([-+]?)(\d{1,6}):(\d\d)(?::(\d\d))?\s*$/.exec(text);
  if (clock !== null) {
    const seconds = Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4] ?? 0);
    return clock[1] === '-' ? -seconds : seconds;
  }
  if (!/^\s*([-+]?\d+\s*[a-z]+\s*)+$/i.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/([-+]?\d+)\s*([a-z]+)/gi)) {
    const name = String(unit).toLowerCase();
    // Words have a plural, letters have none: `ms` is not more than one `m`
    const length = secondsPer[name] ?? secondsPer[name.replace(/(?<=..)s$/, '')];
    if (length === undefined) return undefined;
    const part = Number(amount) * length;
    if (part * seconds < 0) return undefined;
    seconds += part;
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
