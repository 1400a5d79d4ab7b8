import { z } from 'zod';
import type { MetricsDefinition } from '../../core/metrics-definition.ts';
import type { ToolText } from '../../core/wording.ts';
import { textChart } from '../../metrics/chart.ts';
import type { GetMetrics, MetricsAnswer } from '../../metrics/get-metrics.ts';
import { comparisons, grains, type Period } from '../../metrics/period.ts';
import { defineTool, readOnly } from '../tool.ts';
import { rowsAnswer } from '../tool-result.ts';
import { rowsOutput } from './rows-output.ts';

const mostMetrics = 10;
const mostDimensions = 4;

export const getSalesMetrics = (text: ToolText, { metrics, dimensions }: MetricsDefinition, getMetrics: GetMetrics) =>
  defineTool({
    name: 'get_sales_metrics',
    title: text.title,
    description: text.description,
    permission: 'sales:read',
    needsTenants: true,
    annotations: readOnly,
    input: z.strictObject({
      metrics: z
        .array(z.enum(metrics.map(({ name }) => name)))
        .min(1)
        .max(mostMetrics),
      dimensions: z
        .array(z.enum(dimensions.map(({ name }) => name)))
        .max(mostDimensions)
        .optional(),
      // Listed as an object and no more: its names are those of `dimensions`.
      filters: z
        .unknown()
        .meta({ type: 'object' })
        .pipe(z.strictObject(Object.fromEntries(dimensions.map(({ name }) => [name, z.unknown().optional()]))))
        .optional()
        .describe(text.arguments.filters ?? ''),
      grain: z.enum(grains).optional(),
      period: z
        .string()
        .max(40)
        .optional()
        .describe(text.arguments.period ?? ''),
      start_date: z.string().optional(),
      end_date: z.string().optional(),
      compare_to: z.enum(comparisons).optional(),
      limit: z
        .int()
        .min(1)
        .max(1000)
        .default(20)
        .describe(text.arguments.limit ?? ''),
      order: z.enum(['desc', 'asc']).optional(),
      chart: z.boolean().optional(),
    }),
    output: z.object({ ...rowsOutput, period: dates, definitions: z.looseObject({}) }),
    run: async (input, { principal, signal, requestId }) => {
      const answer = await getMetrics(
        {
          metrics: input.metrics,
          dimensions: input.dimensions ?? [],
          filters: input.filters ?? {},
          grain: input.grain,
          period: input.period,
          startDate: input.start_date,
          endDate: input.end_date,
          compareTo: input.compare_to,
          limit: input.limit,
          ascending: input.order === 'asc',
        },
        { principal, signal, requestId },
      );
      const chart = input.chart ? textChart({ ...answer, hasTime: input.grain !== undefined }) : undefined;
      return answered(answer, chart);
    },
  });

/** `start_date` and `end_date`, both counted. */
const dates = z.looseObject({});

function answered(answer: MetricsAnswer, chart: string | undefined) {
  const shown = rowsAnswer({
    ...answer,
    message: messageOf(answer),
    details: {
      period: datesOf(answer.period),
      ...(answer.compared && { compared: datesOf(answer.compared) }),
      definitions: answer.definitions,
      duration_ms: Math.round(answer.durationMs),
      cached: answer.cached,
      ...(answer.stale && { stale: true }),
      scope: answer.scope,
    },
  });
  return chart === undefined ? shown : { ...shown, text: `${shown.text}\n${chart}` };
}

const datesOf = ({ first, last }: Period) => ({ start_date: first, end_date: last });
const spoken = ({ first, last }: Period) => `${first} to ${last}`;

/** Which days the figures are of is part of the answer, since a model that reads the text alone would have to guess them. */
function messageOf({ period, compared, extent, isEmpty, truncated }: MetricsAnswer): string {
  const days = compared === undefined ? spoken(period) : `${spoken(period)}, previous: ${spoken(compared)}`;
  const lacking = extent === undefined ? '' : `; ${isEmpty ? 'nothing then' : 'incomplete'}: your data is of ${spoken(extent)}`;
  return `${days}${lacking}${truncated ? '; there are more groups: raise limit or filter' : ''}`;
}
