import { z } from 'zod';
import type { ToolText } from '../../core/wording.ts';
import type { RunQuery } from '../../query/query-result.ts';
import { defineTool, readOnly } from '../tool.ts';
import { rowsAnswer } from '../tool-result.ts';
import { rowsOutput } from './rows-output.ts';

const truncationHint = 'aggregate, filter, or use ORDER BY with LIMIT/OFFSET';

export const executeSalesQuery = (text: ToolText, runQuery: RunQuery) =>
  defineTool({
    name: 'execute_sales_query',
    title: text.title,
    description: text.description,
    permission: 'sales:read',
    needsTenants: true,
    annotations: readOnly,
    sqlArgument: 'postgresql_query',
    input: z.strictObject({
      postgresql_query: z
        .string()
        .min(1)
        .describe(text.arguments.postgresql_query ?? ''),
    }),
    output: z.object({
      ...rowsOutput,
      hint: z.string().optional(),
      duration_ms: z.int(),
      cached: z.boolean(),
      stale: z.boolean().optional(),
      scope: z.array(z.string()),
    }),
    run: async ({ postgresql_query }, { principal, signal, requestId }) => {
      const result = await runQuery({ sql: postgresql_query, principal, signal, requestId });
      const emptyMessage = result.rowCount === 0 ? { message: 'No rows' } : {};
      return rowsAnswer({
        ...result,
        ...(result.truncated ? { message: truncationHint } : emptyMessage),
        details: {
          ...(result.truncated ? { hint: truncationHint } : {}),
          duration_ms: Math.round(result.durationMs),
          cached: result.cached,
          ...(result.stale && { stale: true }),
          scope: result.scope,
        },
      });
    },
  });
