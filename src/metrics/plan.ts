import { LRUCache } from 'lru-cache';
import type { Day } from '../core/day.ts';
import { isDay } from '../core/day.ts';
import { AppError } from '../core/errors.ts';
import type { DimensionDefinition, MetricDefinition, MetricsDefinition } from '../core/metrics-definition.ts';
import { bucketsOf, comparedPeriod, type Period, parsePeriod, periodForms } from './period.ts';
import { isCovered, latestMonths } from './periods-with-data.ts';
import type { KeyFilter, MetricsQuestion, MetricsRequest } from './request.ts';
import { writeStatement } from './statement.ts';

/** A question whose names were found, with all that its answer depends on beside the rows. */
export interface PlannedQuestion extends Omit<MetricsQuestion, 'metrics' | 'dimensions' | 'filters'> {
  readonly metrics: readonly MetricDefinition[];
  readonly dimensions: readonly DimensionDefinition[];
  readonly filters: readonly KeyFilter[];
  /** Of the data in the caller's scope. */
  readonly extent: Period | undefined;
  readonly today: Day;
}

/** How a question is answered: what is asked of the database, and how its rows become the answer. */
export interface Plan {
  readonly request: MetricsRequest;
  readonly sql: string;
  /** Every time of the period, where there is a grain. */
  readonly times: readonly Day[] | undefined;
  /** Columns before the time or the figures. */
  readonly labels: number;
  /** Whether a part of the period, or of the one before, has no figures. */
  readonly lacksData: boolean;
}

export interface PlannerOptions {
  readonly definition: MetricsDefinition;
  /** Rows that an answer may have. */
  readonly maxRows: number;
}

/** Decides without asking anybody, and remembers: the same questions come again and again, and making a plan takes longer than its statement. */
export function createPlanner({ definition, maxRows }: PlannerOptions) {
  const known = new LRUCache<string, Plan>({ max: 500 });
  return (question: PlannedQuestion): Plan => {
    const { metrics, dimensions, ...rest } = question;
    const key = JSON.stringify([metrics.map(({ name }) => name), dimensions.map(({ name }) => name), rest]);
    const plan = known.get(key) ?? makePlan(definition, question, maxRows);
    known.set(key, plan);
    return plan;
  };
}

function makePlan(definition: MetricsDefinition, question: PlannedQuestion, maxRows: number): Plan {
  const { metrics, dimensions, filters, grain, compareTo, ascending, extent, today } = question;
  const period = periodOf(question);
  const times = grain === undefined ? undefined : bucketsOf(period, grain);
  const groups = Math.min(question.limit, groupsThatFit(times?.length ?? 1, dimensions.length > 0 ? maxRows : maxRows * 2));
  const compared = compareTo === undefined ? undefined : comparedPeriod(period, compareTo, grain);
  const request: MetricsRequest = { metrics, dimensions, filters, grain, period, compared, groups, ascending };
  return {
    request,
    sql: writeStatement(definition, request),
    times,
    labels: dimensions.reduce((sum, dimension) => sum + dimension.labels.length, 0),
    lacksData: [period, compared ?? period].some((asked) => !isCovered(asked, extent, today)),
  };
}

function periodOf({ period, startDate, endDate, extent, today }: PlannedQuestion): Period {
  if (startDate !== undefined || endDate !== undefined) return datedPeriod({ period, startDate, endDate }, today);
  const whole = extent ?? { first: today, last: today };
  if (period === undefined) return latestMonths(whole, today);
  const found = period === 'all' ? whole : parsePeriod(period, today);
  if (found !== undefined) return found;
  throw new AppError('invalid_input', `${JSON.stringify(period.slice(0, 60))} is not a period`, {
    hint: `For example ${periodForms}; or start_date and end_date.`,
  });
}

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

/** One group more is fetched than is shown, each with every time. */
function groupsThatFit(times: number, maxRows: number): number {
  if (2 * times <= maxRows) return Math.floor(maxRows / times) - 1;
  throw new AppError('invalid_input', `${times} times are too many for one answer`, {
    hint: 'Choose a coarser grain or a shorter period.',
  });
}
