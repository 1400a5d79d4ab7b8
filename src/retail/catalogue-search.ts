/**
 * What product search reads, as the server's own login: no cost, margin, stock or tenant data. Columns come as text;
 * `item_key` ties an item to its vector and is never shown.
 */
export const retailCatalogueSearch = {
  sql: `
    SELECT p.product_id AS item_key, p.sku, p.product_name, c.category_name AS category, t.type_name AS type,
           p.product_description AS description, p.base_price AS price
    FROM retail.products p
    JOIN retail.categories c ON c.category_id = p.category_id
    JOIN retail.product_types t ON t.type_id = p.type_id
    ORDER BY p.product_id`,
  columns: [
    { name: 'sku', type: 'text' },
    { name: 'product_name', type: 'text', labels: ['untrusted_text'] },
    { name: 'category', type: 'text' },
    { name: 'type', type: 'text' },
    { name: 'description', type: 'text', labels: ['untrusted_text'] },
    { name: 'price', type: 'numeric' },
  ],
  parts: { code: 'sku', title: 'product_name', group: 'category', kind: 'type', text: 'description', price: 'price' },
  tables: ['products', 'categories', 'product_types', 'product_description_embeddings'],
  vectors: {
    relation: 'retail.product_description_embeddings',
    key: 'product_id',
    keyType: 'int4',
    vector: 'description_embedding',
  },
} as const;
