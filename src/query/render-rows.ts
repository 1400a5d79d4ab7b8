import type { ResultColumn, TenantResult } from '../postgres/database.ts';
import { jsonConverter, type ToJson } from './json-value.ts';
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
  const { columns, converters } = renderingOf(result.columns, types);
  const rendered: string[] = [];
  let bytes = 0;
  for (const row of result.rows) {
    const json = rowJson(row, converters);
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

interface Rendering {
  readonly types: TypeCatalog;
  readonly columns: readonly NamedColumn[];
  readonly converters: readonly ToJson[];
}

/** A prepared statement gives the same columns, as the very same list, with every answer. */
const renderings = new WeakMap<readonly ResultColumn[], Rendering>();

function renderingOf(described: readonly ResultColumn[], types: TypeCatalog): Rendering {
  const known = renderings.get(described);
  if (known?.types === types) return known;
  const columns = described.map(({ name, typeOid }) => ({ name, type: types.get(typeOid)?.name ?? 'unknown' }));
  const rendering = { types, columns, converters: described.map(({ typeOid }) => jsonConverter(typeOid, types)) };
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
