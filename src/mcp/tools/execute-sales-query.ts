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
      const { columns, rowsJson, rowCount, truncated, durationMs, cached, stale, scope } = result;
      const cut = truncated ? truncationHint : undefined;
      const hint = cut !== undefined && result.hint !== undefined ? `${cut}; ${result.hint}` : (cut ?? result.hint);
      // Members that are undefined are not written.
      const details = { hint, duration_ms: Math.round(durationMs), cached, stale: stale || undefined, scope };
      return rowsAnswer({
        columns,
        rowsJson,
        rowCount,
        truncated,
        message: hint ?? (rowCount === 0 ? 'No rows' : undefined),
        details,
      });
    },
  });
