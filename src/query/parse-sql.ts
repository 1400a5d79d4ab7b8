import { checkNesting, checkOperatorRuns } from './guard-rules/nesting.ts';
import { hasSqlDetails, parseSync, scanSync } from './guard-rules/parser.ts';
import { Rejection, reject } from './guard-rules/rejection.ts';
import { as, isMessage, listOf, type Message, unwrap } from './guard-rules/tree.ts';

/** Longest statement, in bytes of UTF-8. */
export const maxSqlBytes = 16 * 1024;

/** The one SELECT (or VALUES, or set operation) that the text holds; `loadParser` comes first. Anything else is refused with its name and place. */
export function parseSelect(sql: string): Message {
  checkReadable(sql);
  const [first, second] = parse(sql);
  if (first === undefined) reject('The statement is empty', 'Write one SELECT.');
  if (second !== undefined) {
    reject('Only one statement is allowed at a time, and a second one begins', 'Send one SELECT alone.', beginOf(second, sql));
  }
  const { type, message } = unwrap(first.stmt) ?? reject('The statement is empty', 'Write one SELECT.');
  if (type === 'SelectStmt') return message;
  reject(
    `Only SELECT is allowed here, not ${spokenStatement(type)}`,
    'Write a SELECT, WITH … SELECT or VALUES.',
    beginOf(first, sql),
  );
}

/** Refuses what must not reach the parser at all, whatever is to be read out of it. */
export function checkReadable(sql: string): void {
  checkText(sql);
  checkOperatorRuns(sql);
  checkNesting(sql);
}

function checkText(sql: string): void {
  if (sql.length > maxSqlBytes || Buffer.byteLength(sql) > maxSqlBytes) {
    reject(`The statement is longer than ${maxSqlBytes / 1024} KiB`, 'Shorten it: aggregate in SQL, and leave long lists out.');
  }
  if (sql.includes('\0')) reject('The statement holds a NUL character', 'Remove it.');
  if (/\p{Surrogate}/u.test(sql)) reject('The statement is not valid Unicode', 'Remove the broken character.');
  if (sql.trim() === '') reject('The statement is empty', 'Write one SELECT.');
}

function parse(sql: string): Message[] {
  try {
    return listOf(parseSync(sql).stmts).filter(isMessage);
  } catch (error) {
    const bare = withoutComments(sql);
    if (bare !== sql) return parse(bare);
    if (!hasSqlDetails(error)) throw new Rejection('The statement cannot be parsed', 'Simplify it.');
    const { message, cursorPosition } = error.sqlDetails ?? { message: error.message, cursorPosition: 0 };
    throw new Rejection(`This is not valid SQL: ${message}`, 'Mend the syntax: this is the grammar of PostgreSQL 18.', {
      character: cursorPosition,
    });
  }
}

/**
 * The text with blanks for its comments, every place as before. The parser takes a comment between `NOT` and `IN`, or
 * `NULLS` and `LAST`, for a syntax error, which PostgreSQL does not.
 */
function withoutComments(sql: string): string {
  if (!/--|\/\*/.test(sql)) return sql;
  const bytes = Buffer.from(sql);
  try {
    for (const { tokenName, start, end } of scanSync(sql).tokens) {
      if (tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT') bytes.fill(0x20, start, end);
    }
  } catch {
    // What the scanner cannot read the parser cannot read either, and says where
    return sql;
  }
  return bytes.toString();
}

/** Byte offset of a statement's first token: the parser counts the blanks and comments before it in. */
function beginOf(statement: Message, sql: string): number {
  const start = Number(statement.stmt_location ?? 0);
  const blank = Buffer.from(withoutComments(sql))
    .subarray(start)
    .findIndex((byte) => byte > 0x20);
  return start + Math.max(0, blank);
}

/** `VariableSetStmt` as the caller would say it: `VARIABLE SET`. */
const spokenStatement = (type: string): string =>
  type
    .replace(/Stmt$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();

/** The same text read again, to compare; undefined where it is not one SELECT. */
export function reparse(sql: string): Message | undefined {
  try {
    const [only, more] = listOf(parseSync(sql).stmts);
    return more === undefined && isMessage(only) ? as('SelectStmt', only.stmt) : undefined;
  } catch {
    return undefined;
  }
}
