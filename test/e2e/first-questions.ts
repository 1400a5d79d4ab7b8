import { expect } from 'vitest';
import type { TextRow } from '../../src/postgres/database.ts';
import type { ToolAnswer } from './journeys.ts';

/** A question of README.md, the call that a model makes of it, and the owner's SQL for the same figures. */
export interface FirstQuestion {
  readonly asked: string;
  readonly call: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
  /** Of the stores that `seen` lists: what row-level security does is not taken for granted. */
  truth(seen: string): string;
}

const of2025 = "o.order_date BETWEEN '2025-01-01' AND '2025-12-31'";

export const firstQuestions: readonly FirstQuestion[] = [
  {
    asked: 'Compare the stores in 2025: revenue, orders, average order',
    call: {
      name: 'get_sales_metrics',
      arguments: { metrics: ['revenue', 'orders', 'average_order_value'], dimensions: ['store'], period: '2025' },
    },
    truth: (seen) => `SELECT s.store_name, sum(o.total_amount) AS revenue, count(*), avg(o.total_amount)
      FROM retail.orders o JOIN retail.stores s USING (store_id) WHERE ${of2025} AND s.store_name IN (${seen})
      GROUP BY 1 ORDER BY 2 DESC`,
  },
  {
    asked: 'What were the five best products of 2025?',
    call: {
      name: 'get_sales_metrics',
      arguments: { metrics: ['revenue'], dimensions: ['product'], period: '2025', limit: 5 },
    },
    truth: (seen) => `SELECT p.sku, p.product_name, sum(i.total_amount) AS revenue
      FROM retail.order_items i JOIN retail.orders o USING (order_id) JOIN retail.products p USING (product_id)
      JOIN retail.stores s ON s.store_id = o.store_id WHERE ${of2025} AND s.store_name IN (${seen})
      GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 5`,
  },
  {
    asked: 'How did the last quarter of 2025 go by category?',
    call: {
      name: 'get_sales_metrics',
      arguments: { metrics: ['revenue', 'units'], dimensions: ['category'], period: '2025-Q4' },
    },
    truth: (seen) => `SELECT c.category_name, sum(i.total_amount) AS revenue, sum(i.quantity)
      FROM retail.order_items i JOIN retail.orders o USING (order_id) JOIN retail.products p USING (product_id)
      JOIN retail.categories c USING (category_id) JOIN retail.stores s ON s.store_id = o.store_id
      WHERE o.order_date BETWEEN '2025-10-01' AND '2025-12-31' AND s.store_name IN (${seen}) GROUP BY 1 ORDER BY 2 DESC`,
  },
  {
    asked: 'How many customers bought in 2025, and how many of them twice or more?',
    call: { name: 'get_sales_metrics', arguments: { metrics: ['customers', 'repeat_rate'], period: '2025' } },
    truth: (
      seen,
    ) => `SELECT count(*), 100.0 * count(*) FILTER (WHERE times > 1) / count(*) FROM (SELECT o.customer_id, count(*) AS times
      FROM retail.orders o JOIN retail.stores s USING (store_id) WHERE ${of2025} AND s.store_name IN (${seen}) GROUP BY 1) c`,
  },
  {
    asked: 'On which weekday is most sold?',
    call: {
      name: 'execute_sales_query',
      arguments: {
        postgresql_query:
          "SELECT to_char(order_date, 'FMDay') AS weekday, sum(total_amount) AS revenue FROM orders GROUP BY 1 ORDER BY 2 DESC",
      },
    },
    truth: (seen) => `SELECT to_char(o.order_date, 'FMDay'), sum(o.total_amount) AS revenue
      FROM retail.orders o JOIN retail.stores s USING (store_id) WHERE s.store_name IN (${seen}) GROUP BY 1 ORDER BY 2 DESC`,
  },
];

/** Compares every figure of the answers with the owner's SQL on the same stores; gives them as README.md prints them. */
export async function expectTheOwnersFigures(
  answers: ReadonlyMap<FirstQuestion, ToolAnswer>,
  truth: (sql: string) => Promise<TextRow[]>,
  stores: readonly string[],
): Promise<void> {
  const seen = stores.map((store) => `'${store}'`).join(', ');
  expect(answers.size).toBe(firstQuestions.length);
  for (const [question, answer] of answers) {
    const rows = answer.structuredContent?.rows.map((row) => row.map(rounded));
    const owners = (await truth(question.truth(seen))).map((row) => Object.values(row).map(rounded));
    expect(owners.length, question.asked).toBeGreaterThan(0);
    expect(rows, question.asked).toEqual(owners);
  }
}

/** Cents are what counts: one side divides in PostgreSQL, the other may write it shorter. */
const rounded = (value: unknown) => (/^-?\d+(\.\d+)?$/.test(String(value)) ? Number(value).toFixed(2) : String(value));

export async function askAll(call: (one: FirstQuestion['call']) => Promise<unknown>): Promise<Map<FirstQuestion, ToolAnswer>> {
  const answers = new Map<FirstQuestion, ToolAnswer>();
  for (const question of firstQuestions) answers.set(question, (await call(question.call)) as ToolAnswer);
  return answers;
}

/** The line of README.md's table: the question, the call, and the first row of its answer to two callers. */
export const readmeLine = ({ asked, call }: FirstQuestion, answers: readonly (ToolAnswer | undefined)[]): string =>
  [asked, `\`${call.name} ${JSON.stringify(call.arguments)}\``, ...answers.map(firstRow)].map((cell) => `| ${cell} `).join('') +
  '|';

const firstRow = (answer: ToolAnswer | undefined) => answer?.structuredContent?.rows[0]?.join(' · ') ?? '';
