import type { OwnerSession } from '../../postgres/database.ts';
import type { CheckResult } from './statistical-checks.ts';

export interface EmbeddedProduct {
  readonly name: string;
  readonly category: string;
  readonly type: string;
  readonly description: string;
}

/** What the product search of this installation expects of its vectors. */
export interface EmbeddingExpectation {
  readonly model: string;
  readonly dimensions: number;
  /** The hash that a product indexed today would get. */
  readonly contentHash: (product: EmbeddedProduct) => string;
}

/** One current, non-zero vector a product. Not applicable as long as the model has none at all: search then goes by words. */
export async function checkEmbeddings(
  session: OwnerSession,
  schema: string,
  { model, dimensions, contentHash }: EmbeddingExpectation,
): Promise<CheckResult> {
  const rows = await session.query(
    `SELECT p.product_name, c.category_name, t.type_name, p.product_description, e.content_hash, e.dimensions,
            (extensions.vector_norm(e.description_embedding) = 0)::text AS zero
     FROM ${schema}.products p
     JOIN ${schema}.categories c ON c.category_id = p.category_id
     JOIN ${schema}.product_types t ON t.type_id = p.type_id
     LEFT JOIN ${schema}.product_description_embeddings e ON e.product_id = p.product_id AND e.model = $1
     ORDER BY p.product_id`,
    [model],
  );
  const indexed = rows.filter((row) => row.content_hash !== null);
  if (indexed.length === 0) return { name: 'embeddings', passed: true, detail: `not applicable: no vectors of ${model} yet` };
  const stale = indexed.filter(
    (row) =>
      row.content_hash !==
      contentHash({
        name: String(row.product_name),
        category: String(row.category_name),
        type: String(row.type_name),
        description: String(row.product_description),
      }),
  );
  const findings = [
    [rows.length - indexed.length, 'products without a vector'],
    [stale.length, 'vectors of an older text'],
    [indexed.filter((row) => row.dimensions !== String(dimensions)).length, `vectors without ${dimensions} dimensions`],
    [indexed.filter((row) => row.zero === 'true').length, 'zero vectors'],
  ].filter(([count]) => count !== 0);
  if (findings.length === 0) return { name: 'embeddings', passed: true, detail: `${indexed.length} vectors of ${model}` };
  return { name: 'embeddings', passed: false, detail: findings.map((finding) => finding.join(' ')).join('; ') };
}
