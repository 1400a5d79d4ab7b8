import type { PromptArgument, PromptTemplate } from '../core/wording.ts';

/** The data may have ended, as that of the demonstration has: today's calendar would then ask for nothing. */
const latestQuarter = 'the last complete quarter that has data';
const latestYear = 'the last 12 months that have data';

const period: PromptArgument = {
  name: 'period',
  description: 'The time to look at, for example "2025", "last quarter" or "March 2024"',
  fallback: latestQuarter,
  suggestions: [
    latestQuarter,
    latestYear,
    'this year',
    'last year',
    { from: 'periods', years: { relation: 'orders', label: 'year' } },
  ],
};

const category: PromptArgument = {
  name: 'category',
  description: 'A product category',
  fallback: 'all categories',
  suggestions: ['all categories', { from: 'values', of: { relation: 'categories', label: 'category_name' } }],
};

const asTable = 'Answer with a Markdown table, then two or three sentences on what stands out. Show names, never ids.';

/** Starting points for people. `{name}` is filled from the argument of that name. */
export const retailPrompts: readonly PromptTemplate[] = [
  {
    name: 'sales_analyst',
    title: 'Sales analyst',
    description: 'Answers questions about Zava sales by the house rules.',
    arguments: [
      {
        name: 'question',
        description: 'What you want to know',
        fallback: 'Introduce yourself and suggest up to ten questions that this data can answer.',
      },
    ],
    text: `You are Zava's sales analyst. Work from the data alone.
1. Call get_current_utc_date when the question has a relative date, and get_multiple_table_schemas before any SQL.
2. Use get_sales_metrics for revenue, orders, units, customers, margins and stock: its figures are certified. Never invent table, column or product names. Use semantic_search_products to find products.
3. For what it cannot answer, write one PostgreSQL SELECT at a time with execute_sales_query; aggregate, and use LIMIT 20 unless asked otherwise.
4. stores.is_online separates online from physical stores. The fiscal year is the calendar year.
5. Show results as Markdown tables with names; never show ids or UUIDs. Say which stores the figures cover.
6. If a result is empty or truncated, say so and how to ask better. Offer up to ten suggested questions when asked what is possible.

Question: {question}`,
  },
  {
    name: 'top_products',
    title: 'Top products',
    description: 'The top 20 products by revenue in a period.',
    arguments: [period, category],
    text: `Show the top 20 products by revenue in {period}, from {category}, with category, units sold and revenue. ${asTable}`,
  },
  {
    name: 'sales_by_store',
    title: 'Sales by store',
    description: 'Revenue and orders of each store in a period.',
    arguments: [period],
    text: `Show revenue, number of orders and average order value by store in {period}, and mark the online store. ${asTable}`,
  },
  {
    name: 'quarter_by_category',
    title: 'Quarter by category',
    description: 'Sales of the last quarter that has data, by category.',
    arguments: [],
    text: `Show revenue and units by category in ${latestQuarter}, with the change against the quarter before. Where get_sales_metrics has nothing for a period, it says which days the data is of. ${asTable}`,
  },
  {
    name: 'find_similar_products',
    title: 'Find similar products',
    description: 'Products that fit a description, with their sales.',
    arguments: [
      {
        name: 'description',
        description: 'What you are looking for, for example "containers for paint"',
        suggestions: ['containers for paint', 'stain for a wooden deck', 'cordless tools for a small flat'],
      },
    ],
    text: `Find products for: {description}. Use semantic_search_products first, then look up how they sold in ${latestYear}. ${asTable}`,
  },
  {
    name: 'store_review',
    title: 'Store review',
    description: 'One store against its region.',
    arguments: [{ name: 'store', description: 'The full name of a store', suggestions: [{ from: 'tenants' }] }, period],
    text: `Review the store "{store}" in {period} against the other stores of its region that you may see: revenue, orders, average order value, the five strongest and the five weakest categories. ${asTable}`,
  },
  {
    name: 'seasonal_plan',
    title: 'Seasonal plan',
    description: 'What to stock for a coming season, from past years.',
    arguments: [
      {
        name: 'season',
        description: 'The season or month to plan for',
        fallback: 'the next three months',
        suggestions: ['spring', 'summer', 'autumn', 'winter', 'the next three months'],
      },
    ],
    text: `Plan the stock for {season}: which categories and product types sold above their yearly average in that season of past years, how they are stocked now (inventory), and what to reorder first. ${asTable}`,
  },
];
