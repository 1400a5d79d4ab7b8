import type { RecommendedIndex } from '../core/recommended-index.ts';

/** What questions about sales always need, whatever has been asked so far. The migrations make them; a test compares both. */
export const retailIndexes: readonly RecommendedIndex[] = [
  {
    table: 'retail.orders',
    name: 'idx_orders_store_date',
    columns: ['store_id', 'order_date'],
    include: ['order_id', 'total_amount'],
    reason: 'the orders of a store in a period, which nearly every question is about',
  },
  { table: 'retail.order_items', name: 'idx_order_items_product', columns: ['product_id'], reason: 'the sales of a product' },
  {
    table: 'retail.customers',
    name: 'idx_customers_store_email',
    columns: ['primary_store_id', 'email'],
    reason: 'the customers of a store, and one of them by address',
  },
  {
    table: 'retail.orders',
    name: 'idx_orders_date_amount',
    columns: ['order_date', 'total_amount'],
    reason: 'sales of all stores in a period, without a visit to the table',
  },
  {
    table: 'retail.products',
    name: 'idx_products_category_price',
    columns: ['category_id', 'base_price'],
    reason: 'the products of a category in order of their price',
  },
];
