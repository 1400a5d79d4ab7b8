import { z } from 'zod';
import type { ToolText } from '../../core/wording.ts';
import type { QueryResult } from '../../query/query-result.ts';
import { defineTool, readOnly, type ToolCall } from '../tool.ts';
import { rowsAnswer } from '../tool-result.ts';
import { rowsOutput } from './rows-output.ts';

const kinds = ['similar_products', 'customer_based', 'trending', 'cross_sell'] as const;

interface Question {
  readonly kind: (typeof kinds)[number];
  readonly sku?: string | undefined;
  readonly limit: number;
  readonly daysBack: number;
}

interface Answer extends QueryResult {
  readonly period?: { readonly first: string; readonly last: string };
  readonly model?: string;
  readonly degraded: boolean;
}

/** The served schema's own way to recommend. */
export type RecommendProducts = (question: Question, call: ToolCall) => Promise<Answer>;

export const getProductRecommendations = (text: ToolText, recommendProducts: RecommendProducts) =>
  defineTool({
    name: 'get_product_recommendations',
    title: text.title,
    description: text.description,
    permission: 'sales:read',
    needsTenants: true,
    annotations: readOnly,
    input: z.strictObject({
      kind: z.enum(kinds),
      sku: z.string().max(40).optional(),
      limit: z.int().min(1).max(50).default(10),
      days_back: z.int().min(1).max(365).default(90),
    }),
    output: z.object({ ...rowsOutput, degraded: z.boolean() }),
    run: async ({ kind, sku, limit, days_back }, call) => {
      const answer = await recommendProducts({ kind, sku, limit, daysBack: days_back }, call);
      const { period, model, degraded, scope, cached } = answer;
      return rowsAnswer({
        ...answer,
        message: messageOf(answer),
        details: {
          kind,
          ...(period && { period: { start_date: period.first, end_date: period.last } }),
          ...(model && { model }),
          degraded,
          cached,
          scope,
        },
      });
    },
  });

function messageOf({ period, degraded, rowCount }: Answer): string {
  const basis = period === undefined ? undefined : `sales of ${period.first} to ${period.last}`;
  const weaker = degraded ? 'no vectors yet: compared by type, category and price' : undefined;
  return [rowCount === 0 ? 'No rows' : undefined, basis, weaker].filter((part) => part !== undefined).join('; ');
}
