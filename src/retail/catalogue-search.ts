/**
 * The fixed statement of lexical product search, for the server's own login: no cost, margin or tenant data in it.
 * `cover` is the share of the question's words (stemmed) that the product, its category or its type contains.
 */
export const retailCatalogueSearch = {
  sql: `
    WITH question AS (
      SELECT ARRAY(SELECT lexeme FROM unnest(to_tsvector('english', $1::text))) AS words
    ), scored AS (
      SELECT p.sku, p.product_name, c.category_name AS category, t.type_name AS type,
             p.product_description AS description, p.base_price AS price,
             coalesce((
               SELECT avg((word = ANY (tsvector_to_array(p.search_text || to_tsvector('english', c.category_name || ' ' || t.type_name))))::int)
               FROM unnest(question.words) AS word
             ), 0) AS cover,
             greatest(extensions.word_similarity($1::text, p.product_name), extensions.word_similarity($1::text, t.type_name)) AS likeness
      FROM question, retail.products p
      JOIN retail.categories c USING (category_id)
      JOIN retail.product_types t ON t.type_id = p.type_id
    )
    SELECT * FROM scored
    WHERE cover > 0 OR likeness >= 0.3
    ORDER BY greatest(cover, likeness) DESC, cover + likeness DESC, sku
    LIMIT $2`,
  columns: [
    { name: 'sku', type: 'text' },
    { name: 'product_name', type: 'text', labels: ['untrusted_text'] },
    { name: 'category', type: 'text' },
    { name: 'type', type: 'text' },
    { name: 'description', type: 'text', labels: ['untrusted_text'] },
    { name: 'price', type: 'numeric' },
  ],
} as const;
