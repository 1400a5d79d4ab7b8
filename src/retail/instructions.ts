/** House rules of the retail data, for every client that shows a server's instructions to its model. */
export const retailInstructions = `Zava is a home-improvement retailer: seven physical stores and one online, 2020 onwards.
- Use get_sales_metrics before SQL: its figures are certified.
- Ask get_multiple_table_schemas before writing SQL. Never invent table, column or product names.
- Use semantic_search_products before guessing a product name.
- Show store, product and category names; never show ids or UUIDs.
- Use LIMIT 20 unless the user asks for more. Aggregate in SQL rather than fetching rows.
- stores.is_online separates online from physical sales.
- The fiscal year is the calendar year: Q1 is January to March. "Last quarter" is the last complete one before today in UTC (get_current_utc_date).
- You see only the stores of the caller's token; say which they are when totals could be taken for the whole company.`;
