import type { TenantResult } from '../postgres/database.ts';
import { jsonConverter } from './json-value.ts';
import type { NamedColumn } from './query-result.ts';
import type { TypeCatalog } from './type-catalog.ts';

export interface RenderedRows {
  readonly columns: readonly NamedColumn[];
  readonly rowsJson: string;
  readonly rowCount: number;
  readonly truncated: boolean;
}

/** Rows as one compact JSON block, cut at the last row that fits into `maxBytes`. */
export function renderRows(result: TenantResult, types: TypeCatalog, maxBytes: number): RenderedRows {
  const columns = result.columns.map((column) => ({ name: column.name, type: types.get(column.typeOid)?.name ?? 'unknown' }));
  const converters = result.columns.map((column) => jsonConverter(column.typeOid, types));
  const rendered: string[] = [];
  let bytes = 0;
  for (const row of result.rows) {
    const json = `[${row.map((value, index) => (value === null ? 'null' : (converters[index]?.(value) ?? 'null'))).join(',')}]`;
    bytes += Buffer.byteLength(json) + 1;
    if (bytes > maxBytes) break;
    rendered.push(json);
  }
  return {
    columns,
    rowsJson: `[${rendered.join(',')}]`,
    rowCount: rendered.length,
    truncated: result.truncated || rendered.length < result.rows.length,
  };
}
