import { castType, constantInterval, constantNumber, constantText, instantSeconds, intervalSeconds } from './constants.ts';
import { reject } from './rejection.ts';
import { as, listOf, type Message, namesOf, unwrap } from './tree.ts';

/** Rows that `generate_series` may make of constants. */
const maxSteps = 100_000;

/** Bounds and step must be constants, or follow from what the tables hold: their dates, lengths of lists already read. */
export function checkSeries([from, to, step]: readonly unknown[], location: number | undefined): void {
  const width = constantNumber(step) ?? (step === undefined ? 1 : undefined);
  const seconds = width === undefined ? constantInterval(step) : undefined;
  if (seconds !== undefined) {
    dateSeries(from, to, seconds, location);
    return;
  }
  const first = constantNumber(from);
  const last = constantNumber(to);
  if (width !== undefined && first !== undefined && last !== undefined) {
    checkSteps((last - first) / width, location);
    return;
  }
  if (width !== undefined && Math.abs(width) >= 1 && [from, to].every(isBound)) return;
  reject(
    'The bounds and the step of generate_series() must be constants',
    "Write numbers: generate_series(1, 1000) with a WHERE on its value; or dates with a constant step of a day or more: generate_series(min_day, max_day, interval '1 day').",
    location,
  );
}

function dateSeries(from: unknown, to: unknown, stepSeconds: number, location: number | undefined): void {
  const first = instantOf(from);
  const last = instantOf(to);
  if (first !== undefined && last !== undefined) {
    checkSteps((last - first) / stepSeconds, location);
    return;
  }
  if (Math.abs(stepSeconds) >= 86_400 && isDateHeld(from) && isDateHeld(to)) return;
  reject(
    'A series of dates needs bounds between the years 1900 and 2200 and, unless both are constants, a step of at least one day',
    "For example generate_series(date '2024-01-01', date '2024-12-31', interval '1 day').",
    location,
  );
}

function checkSteps(steps: number, location: number | undefined): void {
  if (Number.isFinite(steps) && Math.abs(steps) <= maxSteps) return;
  reject(
    `generate_series() would make more than ${maxSteps.toLocaleString('en-US')} rows`,
    `Make at most ${maxSteps.toLocaleString('en-US')} rows: a shorter range or a larger step that is not 0.`,
    location,
  );
}

const instantOf = (node: unknown): number | undefined => {
  const text = constantText(node);
  return text === undefined ? undefined : instantSeconds(text);
};

/** Near enough to a count that is bounded by data, or such a count. */
function isBound(node: unknown): boolean {
  const value = constantNumber(node);
  return value === undefined ? isCountOfSomethingHeld(node) : Math.abs(value) <= maxSteps;
}

/** Lengths of what is already in memory, and calendar fields of dates: an integer series up to them is bounded by data. */
function isCountOfSomethingHeld(node: unknown): boolean {
  const cast = as('TypeCast', node);
  if (cast !== undefined) return isCountOfSomethingHeld(cast.arg);
  const call = as('FuncCall', node);
  if (call === undefined) return false;
  const name = namesOf(call.funcname).at(-1) ?? '';
  const args = listOf(call.args);
  if (/^(array_length|cardinality|jsonb?_array_length|length|char_length|regexp_count)$/.test(name)) return true;
  return /^(extract|date_part)$/.test(name) && calendarFields.test(constantText(args[0]) ?? '') && isDateHeld(args[1]);
}

const calendarFields = /^(century|decade|isoyear|year|quarter|month|week|day|doy|dow|isodow|hour|minute|second)$/i;
const dateFunctions = /^(min|max|date_trunc|date|now|coalesce|make_date|to_date|timezone)$/;

/** True for dates that come from rows, the clock or literals of our centuries, moved by constant intervals or days at most. */
function isDateHeld(node: unknown): boolean {
  const found = unwrap(node);
  if (found === undefined) return false;
  const { type, message } = found;
  const all = (list: unknown) => listOf(list).every(isDateHeld);
  switch (type) {
    case 'ColumnRef':
    case 'SQLValueFunction':
      return true;
    case 'A_Const':
      return isHeldText(constantText(node)) || Math.abs(constantNumber(node) ?? Number.POSITIVE_INFINITY) <= century / 86_400;
    case 'TypeCast':
      return castType(node) === 'interval'
        ? Math.abs(constantInterval(node) ?? Number.POSITIVE_INFINITY) <= century
        : isDateHeld(message.arg);
    case 'CoalesceExpr':
    case 'MinMaxExpr':
      return all(message.args);
    case 'FuncCall':
      return isDateFunction(message);
    case 'A_Expr':
      return /^[-+]$/.test(namesOf(message.name).join('.')) && [message.lexpr, message.rexpr].every(isDateHeld);
    case 'SubLink':
      return message.subLinkType === 'EXPR_SUBLINK' && isDateSelect(message.subselect);
    default:
      return false;
  }
}

function isDateFunction(call: Message): boolean {
  const name = namesOf(call.funcname).at(-1) ?? '';
  const args = listOf(call.args);
  if (!dateFunctions.test(name)) return false;
  if (name === 'make_date') {
    const year = constantNumber(args[0]) ?? 0;
    return year >= 1900 && year <= 2200;
  }
  if (name === 'date_trunc' || name === 'timezone') return isDateHeld(args[1]);
  // J counts days from 4713 BC, whatever the text looks like
  if (name === 'to_date') return isHeldText(constantText(args[0])) && !/j/i.test(constantText(args[1]) ?? 'j');
  return args.every(isDateHeld);
}

function isDateSelect(node: unknown): boolean {
  const target = listOf(as('SelectStmt', node)?.targetList);
  return target.length === 1 && isDateHeld(as('ResTarget', target[0])?.val);
}

const century = 100 * 366 * 86_400;
const isHeldText = (text: string | undefined): boolean =>
  text !== undefined &&
  (instantSeconds(text) !== undefined ||
    Math.abs(intervalSeconds(text) ?? Number.POSITIVE_INFINITY) <= century ||
    /^\s*(now|today|tomorrow|yesterday)\s*$/i.test(text));
