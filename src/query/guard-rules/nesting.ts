import { scanSync } from './parser.ts';
import { reject } from './rejection.ts';

const limits = { brackets: 200, operators: 1500, operatorRun: 500 } as const;

const brackets = /[([]/g;
const operators = /[-+*/<>=~!@#%^&|?:`]/g;
const operatorToken = /^[-+*/<>=~!@#%^&|?:`]+$/;
const longRun = new RegExp(`[-+*/<>=~!@#%^&|?\`]{${limits.operatorRun + 1}}`);

/** PostgreSQL's scanner reads a run of operator characters again from each of its characters: hundreds stay cheap. */
export function checkOperatorRuns(sql: string): void {
  if (longRun.test(sql))
    reject(`The statement holds more than ${limits.operatorRun} operator characters in a row`, 'Shorten them.');
}

/**
 * Refuses what would overflow the parser's stack, before it is parsed: after an overflow the WebAssembly module is not to be
 * trusted. Counting characters settles all ordinary statements; only the others are cut into tokens, by PostgreSQL's own scanner:
 * it alone knows that `+-+-` is four operators and `@-@` one.
 */
export function checkNesting(sql: string): void {
  if (countOf(sql, brackets) <= limits.brackets && countOf(sql, operators) <= limits.operators) return;
  let depth = 0;
  let count = 0;
  for (const token of tokensOf(sql)) {
    if (token === '(' || token === '[') depth += 1;
    else if (token === ')' || token === ']') depth -= 1;
    else if (operatorToken.test(token)) count += 1;
    if (depth > limits.brackets) reject('The statement is nested too deeply', 'Split it into CTEs (WITH …) or simplify it.');
    if (count > limits.operators) reject(`The statement holds more than ${limits.operators} operators`, 'Simplify it.');
  }
}

function countOf(sql: string, pattern: RegExp): number {
  return sql.match(pattern)?.length ?? 0;
}

function tokensOf(sql: string): string[] {
  try {
    return scanSync(sql).tokens.map((token) => token.text);
  } catch {
    // What the scanner cannot read the parser cannot read either, and says where
    return [];
  }
}
