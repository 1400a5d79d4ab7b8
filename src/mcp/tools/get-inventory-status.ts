import { z } from 'zod';
import type { ToolText } from '../../core/wording.ts';
import type { QueryResult } from '../../query/query-result.ts';
import { defineTool, readOnly, type ToolCall } from '../tool.ts';
import { rowsAnswer } from '../tool-result.ts';
import { rowsOutput } from './rows-output.ts';

interface Question {
  readonly sku?: string | undefined;
  readonly storeName?: string | undefined;
  readonly lowStockOnly: boolean;
}

interface Answer extends QueryResult {
  readonly period: { readonly first: string; readonly last: string };
}

/** The served schema's own way to tell what is in stock. */
export type InventoryStatus = (question: Question, call: ToolCall) => Promise<Answer>;

export const getInventoryStatus = (text: ToolText, inventoryStatus: InventoryStatus) =>
  defineTool({
    name: 'get_inventory_status',
    title: text.title,
    description: text.description,
    permission: 'sales:read',
    needsTenants: true,
    annotations: readOnly,
    input: z.strictObject({
      sku: z.string().max(40).optional(),
      store_name: z.string().max(100).optional(),
      low_stock_only: z.boolean().optional(),
    }),
    output: z.object({ ...rowsOutput }),
    run: async ({ sku, store_name, low_stock_only = false }, call) => {
      const answer = await inventoryStatus({ sku, storeName: store_name, lowStockOnly: low_stock_only }, call);
      const { period, truncated, rowCount, cached, scope } = answer;
      const pace = `pace: sales of ${period.first} to ${period.last}`;
      const cut = truncated ? '; there are more: name a sku or store' : '';
      return rowsAnswer({
        ...answer,
        message: `${rowCount === 0 ? 'No rows; ' : ''}${pace}${cut}`,
        details: { period: { start_date: period.first, end_date: period.last }, cached, scope },
      });
    },
  });
