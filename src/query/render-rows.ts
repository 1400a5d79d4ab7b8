import type { ResultColumn, TenantResult } from '../postgres/database.ts';
import { jsonConverter, type ToJson } from './json-value.ts';
import type { NamedColumn } from './query-result.ts';
import { estimateTokens } from './token-estimate.ts';
import type { TypeCatalog } from './type-catalog.ts';

export interface RenderedRows {
  readonly columns: readonly NamedColumn[];
  readonly rowsJson: string;
  readonly rowCount: number;
  readonly truncated: boolean;
}

/**
 * Where a byte is a quarter of a token, as in prose. Hosts count with a tokenizer, and refuse a quarter more than is aimed at:
 * for numbers and hashes that is reached long before the bytes are.
 */
const tokensPerByte = 0.265;
/** No host minds as many. */
const fewTokens = 1000;
/** For column names and what stands around the rows; more of them is taken from the rows. */
const freeNameBytes = 1024;

/** Rows as one compact JSON block, cut at the last row that fits into `maxBytes` and their worth in tokens. */
export function renderRows(result: TenantResult, types: TypeCatalog, maxBytes: number): RenderedRows {
  const { columns, converters, nameBytes } = renderingOf(result.columns, types);
  const rendered: string[] = [];
  let bytes = nameBytes;
  for (const row of result.rows) {
    const json = rowJson(row, converters);
    bytes += Buffer.byteLength(json) + 1;
    if (bytes > maxBytes) break;
    rendered.push(json);
  }
  // A byte is a token at the most.
  const maxTokens = Math.max(fewTokens, Math.floor(maxBytes * tokensPerByte));
  if (bytes > maxTokens) rendered.length = fitting(rendered, maxTokens, nameBytes);
  return {
    columns,
    rowsJson: `[${rendered.join(',')}]`,
    rowCount: rendered.length,
    truncated: result.truncated || rendered.length < result.rows.length,
  };
}

interface Rendering {
  readonly types: TypeCatalog;
  readonly columns: readonly NamedColumn[];
  readonly converters: readonly ToJson[];
  /** Of the names as JSON, beyond what is free. */
  readonly nameBytes: number;
}

/** A prepared statement gives the same columns, as the very same list, with every answer. */
const renderings = new WeakMap<readonly ResultColumn[], Rendering>();

function renderingOf(described: readonly ResultColumn[], types: TypeCatalog): Rendering {
  const known = renderings.get(described);
  if (known?.types === types) return known;
  const columns = described.map(({ name, typeOid }) => ({ name, type: types.get(typeOid)?.name ?? 'unknown' }));
  const names = Buffer.byteLength(JSON.stringify(described.map(({ name }) => name)));
  const converters = described.map(({ typeOid }) => jsonConverter(typeOid, types));
  const rendering = { types, columns, converters, nameBytes: Math.max(0, names - freeNameBytes) };
  renderings.set(described, rendering);
  return rendering;
}

function rowJson(row: readonly (string | null)[], converters: readonly ToJson[]): string {
  let json = '[';
  for (const [index, value] of row.entries()) {
    if (index > 0) json += ',';
    json += value === null ? 'null' : (converters[index]?.(value) ?? 'null');
  }
  return `${json}]`;
}

/** How many rows take no more tokens than that, together with `taken` bytes of names. */
function fitting(rows: readonly string[], maxTokens: number, taken: number): number {
  let tokens = taken / 2;
  const tooMuch = rows.findIndex((row) => {
    tokens += estimateTokens(row) + 1;
    return tokens > maxTokens;
  });
  return tooMuch === -1 ? rows.length : tooMuch;
}
