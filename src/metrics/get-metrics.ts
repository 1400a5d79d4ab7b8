import type { Clock } from '../core/clock.ts';
import { dayAt } from '../core/day.ts';
import { AppError } from '../core/errors.ts';
import type { MetricDefinition, MetricsDefinition } from '../core/metrics-definition.ts';
import type { Principal } from '../core/principal.ts';
import type { QueryResult, RunQuery } from '../query/query-result.ts';
import { type Cell, joinRows, splitRows } from '../query/row-cells.ts';
import type { DataExtent } from './data-extent.ts';
import { createFindNames, dimensionNamed } from './find-names.ts';
import type { MetricsCall } from './metrics-call.ts';
import type { Period } from './period.ts';
import { createPlanner } from './plan.ts';
import type { MetricsQuestion } from './request.ts';
import { shapeRows } from './shape-rows.ts';

export interface MetricsAnswer extends QueryResult {
  /** The days that the figures are of, both ends counted. */
  readonly period: Period;
  readonly compared?: Period;
  /** What each metric means, by name. */
  readonly definitions: Readonly<Record<string, string>>;
  /** Columns before the time or the figures. */
  readonly labels: number;
  /** Present where figures for all of the period, or of the one before, are not to be had: the days that the data is of. */
  readonly extent?: Period;
  /** Whether there is no figure at all. */
  readonly isEmpty: boolean;
}

export type GetMetrics = (question: MetricsQuestion, call: MetricsCall) => Promise<MetricsAnswer>;

export interface GetMetricsOptions {
  readonly definition: MetricsDefinition;
  readonly runQuery: RunQuery;
  readonly clock: Clock;
  readonly extentOf: DataExtent;
  /** Rows and bytes that an answer may have. */
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Answers questions in the words of the definition: one statement each, on the path and under the walls of callers' own. */
export function createGetMetrics({ definition, runQuery, clock, extentOf, maxRows, maxBytes }: GetMetricsOptions): GetMetrics {
  const findNames = createFindNames({ definition, runQuery, clock });
  const planFor = createPlanner({ definition, maxRows });

  return async (question, call) => {
    const metrics = metricsNamed(definition, question.metrics, call.principal);
    const dimensions = [...new Set(question.dimensions)].map((name) => dimensionNamed(definition, name));
    const today = dayAt(clock.now());
    const [extent, filters] = await Promise.all([extentOf(call), findNames(question.filters, call)]);
    const plan = planFor({ ...question, metrics, dimensions, filters, extent, today });
    const { request, sql, times, labels } = plan;
    const { grain, period, compared } = request;
    const result = await runQuery({ ...call, sql });
    const rows = shapeRows(splitRows(result.rowsJson), { request, labels, times, cut: result.truncated, maxBytes });
    const isEmpty =
      result.rowCount === 0 || (labels === 0 && rows.rows.every((row) => row.slice(grain ? 1 : 0).every(isNothing)));
    return {
      ...result,
      rowsJson: joinRows(rows.rows),
      rowCount: rows.rows.length,
      truncated: rows.truncated,
      period,
      ...(compared && { compared: { first: compared.first, last: compared.last } }),
      definitions: Object.fromEntries(metrics.map(({ name, definition: meaning }) => [name, meaning])),
      labels,
      isEmpty,
      ...(extent && (isEmpty || plan.lacksData) && { extent }),
    };
  };
}

const isNothing = (cell: Cell): boolean => cell === 'null' || Number(cell) === 0;

function metricsNamed({ metrics }: MetricsDefinition, names: readonly string[], { permissions }: Principal): MetricDefinition[] {
  return [...new Set(names)].map((name) => {
    const metric = metrics.find((known) => known.name === name);
    if (metric === undefined) {
      throw new AppError('invalid_input', `There is no metric ${JSON.stringify(name.slice(0, 60))}`, {
        hint: `Metrics: ${metrics.map((known) => known.name).join(', ')}`,
      });
    }
    if (metric.permission === undefined || permissions.has(metric.permission)) return metric;
    throw new AppError('insufficient_scope', `The metric ${name} needs the permission ${metric.permission}`, {
      hint: 'Leave it out, or ask for a token with that permission.',
    });
  });
}
