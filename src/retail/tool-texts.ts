import type { ToolText } from '../core/wording.ts';
import { retailTables } from './tables.ts';

const tableNames = retailTables.map((table) => table.name).join(', ');

/** What a model reads before it calls. Short on purpose: it is part of every conversation. */
export const retailToolTexts: Readonly<Record<string, ToolText>> = {
  semantic_search_products: {
    title: 'Find products',
    description:
      'Finds products by what they are for, in everyday words, with sku, category and list price. Use it before guessing a product name. low_confidence: nothing in the catalogue fits well, so say so.',
    arguments: {
      query_description: 'What it is or does, such as "stain for a wooden deck"',
      similarity_threshold: 'Percent; useful 20 to 80',
    },
  },
  get_multiple_table_schemas: {
    title: 'Describe tables',
    description:
      'Columns, keys, joins, valid values and hints of the named tables. Call it before writing SQL and use only names it returns: never invent any.',
    arguments: { table_names: `One or more of: ${tableNames}` },
  },
  get_sales_metrics: {
    title: 'Sales metrics',
    description:
      'Certified figures of sales, stock and customers by store, category, product or time, with dates and definitions: prefer it to SQL.',
    arguments: {
      filters: 'By dimension: {"store":["Seattle"],"category":"HAND TOOLS","product":"a SKU or name"}',
      period: 'Or start_date and end_date. last_quarter, last_12_months, year_to_date, 2025-Q3, all',
      limit: 'Most groups, ranked by the first metric',
    },
  },
  show_sales_dashboard: {
    title: 'Sales dashboard',
    description: 'Shows the user a dashboard of sales.',
    arguments: {},
  },
  read_sales_dashboard: { title: 'Dashboard figures', description: 'For the dashboard.', arguments: {} },
  get_product_recommendations: {
    title: 'Recommend products',
    description:
      'Products like a given one, bought with it (cross_sell), bought by its customers, or trending, in your stores. All but trending need sku.',
    arguments: {},
  },
  get_inventory_status: {
    title: 'Stock status',
    description:
      "Stock by store and product with weeks left, scarcest first. Low = under four weeks of the store's recent sales.",
    arguments: {},
  },
  execute_sales_query: {
    title: 'Query sales',
    description:
      'Runs one PostgreSQL SELECT on sales data, within the stores you may see. Get the schemas first. Aggregate, and use LIMIT 20 unless asked otherwise. stores.is_online tells online from physical stores. Never show ids or UUIDs: join for names. Fiscal year = calendar year.',
    arguments: { postgresql_query: 'SELECT, VALUES or WITH … SELECT' },
  },
  explain_access: {
    title: 'Explain access',
    description: 'Which policies, grants and columns decide what you see.',
    arguments: {},
  },
  get_current_utc_date: {
    title: 'Current UTC date',
    description: 'Now in UTC, with the fiscal quarter. Call it for relative dates such as "last quarter".',
    arguments: {},
  },
};
