import { AppError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import { nearestNames } from '../query/nearest-names.ts';
import type { RunQuery } from '../query/query-result.ts';

/** Who is asking, for the path of callers' statements. */
export interface ReportCall {
  readonly principal: Principal;
  readonly requestId?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface KnownProduct {
  readonly id: number;
  readonly categoryId: number;
}

/** Letters, digits and hyphens, as every SKU is: such a text is a literal without any escaping. */
const skuForm = /^[A-Za-z0-9-]{1,20}$/;

/** The product of a SKU in any case; an unknown one is refused with the nearest. */
export async function productOf(sku: string, runQuery: RunQuery, call: ReportCall): Promise<KnownProduct> {
  const named = sku.trim().toUpperCase();
  if (!skuForm.test(named)) throw notFound(sku);
  const rows = async (sql: string) => JSON.parse((await runQuery({ ...call, sql })).rowsJson) as unknown[][];
  const [found] = await rows(`SELECT product_id, category_id FROM retail.products WHERE upper(sku) = '${named}'`);
  if (found !== undefined) return { id: Number(found[0]), categoryId: Number(found[1]) };
  const known = (await rows('SELECT sku FROM retail.products')).map(([text]) => String(text));
  const nearest = nearestNames(named, known);
  throw nearest.length === 0
    ? notFound(sku)
    : notFound(sku, `Nearest: ${nearest.join(', ')}; or find it with semantic_search_products.`);
}

const notFound = (sku: string, hint = 'Find it with semantic_search_products.') =>
  new AppError('not_found', `There is no product with the SKU ${JSON.stringify(sku.slice(0, 40))}`, { hint });
