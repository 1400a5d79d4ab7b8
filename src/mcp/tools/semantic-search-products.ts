import { z } from 'zod';
import type { ToolText } from '../../core/wording.ts';
import type { SearchProducts } from '../../search/search-products.ts';
import { defineTool, readOnly } from '../tool.ts';
import { rowsAnswer } from '../tool-result.ts';
import { rowsOutput } from './rows-output.ts';

export const semanticSearchProducts = (text: ToolText, searchProducts: SearchProducts) =>
  defineTool({
    name: 'semantic_search_products',
    title: text.title,
    description: text.description,
    permission: 'catalog:read',
    annotations: readOnly,
    input: z.strictObject({
      query_description: z
        .string()
        .trim()
        .min(1)
        .max(500)
        .describe(text.arguments.query_description ?? ''),
      max_rows: z.int().min(1).max(100).default(20),
      similarity_threshold: z
        .number()
        .min(0)
        .max(100)
        .default(30)
        .describe(text.arguments.similarity_threshold ?? ''),
    }),
    output: z.object({
      ...rowsOutput,
      model: z.string(),
      degraded: z.boolean(),
      low_confidence: z.boolean(),
      message: z.string(),
    }),
    run: async ({ query_description, max_rows, similarity_threshold }, { requestId }) => {
      const found = await searchProducts({
        query: query_description,
        maxRows: max_rows,
        threshold: similarity_threshold,
        requestId,
      });
      return rowsAnswer({
        ...found,
        details: {
          model: found.model,
          degraded: found.degraded,
          low_confidence: found.lowConfidence,
          message: found.message,
        },
      });
    },
  });
