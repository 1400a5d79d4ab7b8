import type { ErrorBody } from '../core/errors.ts';
import type { NamedColumn } from '../query/query-result.ts';
import { onOneLine } from './raw-json.ts';

/** A finished answer. The JSON is text already, so that numbers keep the digits which the database sent. */
export interface ToolAnswer {
  /** The text block, for models and for clients that read nothing else. */
  readonly text: string;
  readonly structuredJson?: string;
  readonly isError?: true;
  /** Rows in the answer, for the record. */
  readonly rowCount?: number;
  /** The very same object answers other calls, so what is made of it may be kept. */
  readonly reused?: true;
}

export interface RowsAnswer {
  readonly columns: readonly NamedColumn[];
  /** `[[…],[…]]` in column order. */
  readonly rowsJson: string;
  readonly rowCount: number;
  readonly truncated: boolean;
  /** Told to the model in the compact text block as `msg`. */
  readonly message?: string | undefined;
  /** Further properties of `structuredContent`, after the four that every row result has. */
  readonly details: object;
}

/** Compact text: `c` column names, `r` rows, `n` rows present, `t` only when truncated. */
export function rowsAnswer({ columns, rowsJson, rowCount, truncated, message, details }: RowsAnswer): ToolAnswer {
  const { names, described } = writtenColumns(columns);
  const flag = truncated ? ',"t":true' : '';
  const told = message ? `,"msg":${JSON.stringify(message)}` : '';
  const more = JSON.stringify(details).slice(1, -1);
  return {
    text: `{"c":${names},"r":${rowsJson},"n":${rowCount}${flag}${told}}`,
    structuredJson: `{"columns":${described},"rows":${rowsJson},"row_count":${rowCount},"truncated":${truncated}${more && `,${more}`}}`,
    rowCount,
  };
}

interface WrittenColumns {
  readonly names: string;
  readonly described: string;
}

/** Answers of one statement often share the very same list. */
const written = new WeakMap<readonly NamedColumn[], WrittenColumns>();

function writtenColumns(columns: readonly NamedColumn[]): WrittenColumns {
  const known = written.get(columns);
  if (known !== undefined) return known;
  const names = JSON.stringify(columns.map((column) => column.name));
  const described = JSON.stringify(columns.map(({ name, type, labels }) => ({ name, type, labels })));
  written.set(columns, { names, described });
  return { names, described };
}

export function objectAnswer(structured: object, text?: string): ToolAnswer {
  const structuredJson = JSON.stringify(structured);
  return { text: text ?? structuredJson, structuredJson };
}

/** Clients check `structuredContent` against the tool's output schema, so an error speaks through the text block alone. */
export function errorAnswer(body: ErrorBody): ToolAnswer {
  return { text: JSON.stringify(body), isError: true };
}

const membersOf = new WeakMap<ToolAnswer, string>();

/** The members of a `CallToolResult`, as text on one line. */
export function resultMembers(answer: ToolAnswer): string {
  if (!answer.reused) return writeMembers(answer);
  const known = membersOf.get(answer) ?? writeMembers(answer);
  membersOf.set(answer, known);
  return known;
}

function writeMembers({ text, structuredJson, isError }: ToolAnswer): string {
  const structured = structuredJson === undefined ? '' : `,"structuredContent":${onOneLine(structuredJson)}`;
  return `"content":[{"type":"text","text":${JSON.stringify(text)}}]${structured}${isError === undefined ? '' : ',"isError":true'}`;
}
