import { quoteLiteral } from '../../core/sql-literal.ts';

export type LiteralValue = string | number | boolean | null;

/** SQL with each value as a literal of its own, so that no value can become anything but a value. */
export function sqlText(text: TemplateStringsArray, values: readonly LiteralValue[]): string {
  // A plain call would hand over a text that somebody else has put together.
  if (!Array.isArray(text) || !Array.isArray(text.raw))
    throw new Error('query is a template tag: write it before a text in backticks');
  return text.reduce((sql, piece, index) => `${sql}${literal(values[index - 1])}${piece}`);
}

function literal(value: LiteralValue | undefined): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  // In brackets: after a minus a negative number would begin a comment.
  if (typeof value === 'number' && Number.isFinite(value)) return `(${value})`;
  if (typeof value === 'string' && !value.includes('\0')) return quoteLiteral(value);
  throw new Error('values in SQL are texts, finite numbers, true, false or null');
}
