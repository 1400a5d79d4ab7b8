import type { ValidValues } from '../query/describe-tables.ts';

/** What callers may compare columns with. The statements run in the caller's scope and return one text column each. */
export const retailValidValues: readonly ValidValues[] = [
  { relation: 'stores', label: 'store_name', source: 'tenants' },
  { relation: 'stores', label: 'is_online', source: { fixed: ['true', 'false'] } },
  { relation: 'regions', label: 'region_name', source: 'groups' },
  {
    relation: 'categories',
    label: 'category_name',
    source: { sql: 'SELECT category_name FROM retail.categories' },
    follows: 'categories',
  },
  {
    relation: 'product_types',
    label: 'type_name',
    source: { sql: 'SELECT DISTINCT type_name FROM retail.product_types' },
    follows: 'product_types',
  },
  {
    relation: 'products',
    label: 'category_name',
    source: { sql: 'SELECT category_name FROM retail.categories' },
    follows: 'categories',
  },
  {
    relation: 'orders',
    label: 'year',
    source: { sql: 'SELECT DISTINCT CAST(EXTRACT(YEAR FROM order_date) AS text) FROM retail.sales_by_day' },
  },
  {
    relation: 'sales_by_day',
    label: 'year',
    source: { sql: 'SELECT DISTINCT CAST(EXTRACT(YEAR FROM order_date) AS text) FROM retail.sales_by_day' },
  },
];
