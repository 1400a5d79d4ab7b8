import type { Clock } from '../core/clock.ts';
import { type Day, dayAt, isDay } from '../core/day.ts';
import { AppError } from '../core/errors.ts';
import type { MetricDefinition, MetricsDefinition } from '../core/metrics-definition.ts';
import type { Principal } from '../core/principal.ts';
import type { QueryResult, RunQuery } from '../query/query-result.ts';
import { type Cell, joinRows, splitRows } from '../query/row-cells.ts';
import type { DataExtent } from './data-extent.ts';
import { createFindNames, dimensionNamed, type NamedFilters } from './find-names.ts';
import type { MetricsCall } from './metrics-call.ts';
import { bucketsOf, type Comparison, comparedPeriod, type Grain, type Period, parsePeriod, periodForms } from './period.ts';
import { isCovered, latestMonths } from './periods-with-data.ts';
import type { MetricsRequest } from './request.ts';
import { shapeRows } from './shape-rows.ts';
import { writeStatement } from './statement.ts';

export interface MetricsQuestion {
  readonly metrics: readonly string[];
  readonly dimensions: readonly string[];
  readonly filters: NamedFilters;
  readonly grain?: Grain | undefined;
  readonly period?: string | undefined;
  readonly startDate?: string | undefined;
  readonly endDate?: string | undefined;
  readonly compareTo?: Comparison | undefined;
  readonly limit: number;
  readonly ascending: boolean;
}

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

  const periodOf = ({ period, startDate, endDate }: MetricsQuestion, extent: Period | undefined, today: Day): Period => {
    if (startDate !== undefined || endDate !== undefined) return datedPeriod({ period, startDate, endDate }, today);
    const whole = extent ?? { first: today, last: today };
    if (period === undefined) return latestMonths(whole, today);
    const found = period === 'all' ? whole : parsePeriod(period, today);
    if (found !== undefined) return found;
    throw new AppError('invalid_input', `${JSON.stringify(period.slice(0, 60))} is not a period`, {
      hint: `For example ${periodForms}; or start_date and end_date.`,
    });
  };

  return async (question, call) => {
    const metrics = metricsNamed(definition, question.metrics, call.principal);
    const dimensions = [...new Set(question.dimensions)].map((name) => dimensionNamed(definition, name));
    const { grain, compareTo, ascending } = question;
    const today = dayAt(clock.now());
    const [extent, filters] = await Promise.all([extentOf(call), findNames(question.filters, call)]);
    const period = periodOf(question, extent, today);
    const times = grain === undefined ? undefined : bucketsOf(period, grain);
    const groups = Math.min(question.limit, groupsThatFit(times?.length ?? 1, dimensions.length > 0 ? maxRows : maxRows * 2));
    const compared = compareTo === undefined ? undefined : comparedPeriod(period, compareTo, grain);
    const request: MetricsRequest = { metrics, dimensions, filters, grain, period, compared, groups, ascending };
    const { sql } = writeStatement(definition, request);
    const result = await runQuery({ ...call, sql });
    const labels = dimensions.reduce((sum, dimension) => sum + dimension.labels.length, 0);
    const rows = shapeRows(splitRows(result.rowsJson), { request, labels, times, cut: result.truncated, maxBytes });
    const isEmpty =
      result.rowCount === 0 || (labels === 0 && rows.rows.every((row) => row.slice(grain ? 1 : 0).every(isNothing)));
    const lacksData = [period, compared ?? period].some((asked) => !isCovered(asked, extent, today));
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
      ...(extent && (isEmpty || lacksData) && { extent }),
    };
  };
}

/** One group more is fetched than is shown, each with every time. */
function groupsThatFit(times: number, maxRows: number): number {
  if (2 * times <= maxRows) return Math.floor(maxRows / times) - 1;
  throw new AppError('invalid_input', `${times} times are too many for one answer`, {
    hint: 'Choose a coarser grain or a shorter period.',
  });
}

const isNothing = (cell: Cell): boolean => cell === 'null' || Number(cell) === 0;

function datedPeriod(
  { period, startDate, endDate }: Pick<MetricsQuestion, 'period' | 'startDate' | 'endDate'>,
  today: Day,
): Period {
  if (period !== undefined) throw new AppError('invalid_input', 'Give either period or start_date and end_date');
  if (startDate === undefined) throw new AppError('invalid_input', 'end_date needs a start_date');
  const last = endDate ?? today;
  const bad = [startDate, last].find((day) => !isDay(day));
  if (bad !== undefined)
    throw new AppError('invalid_input', `${JSON.stringify(bad.slice(0, 40))} is not a day`, { hint: 'Write it as 2025-07-31.' });
  if (startDate > last) throw new AppError('invalid_input', `start_date ${startDate} is after end_date ${last}`);
  return { first: startDate, last };
}

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
