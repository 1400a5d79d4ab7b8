import type { Clock } from '../core/clock.ts';
import type { DashboardDefinition, DashboardFigure, DashboardPanel } from '../core/dashboard-definition.ts';
import { dayAt } from '../core/day.ts';
import type { MetricsDefinition } from '../core/metrics-definition.ts';
import type { Principal } from '../core/principal.ts';
import type { RunQuery } from '../query/query-result.ts';
import type { DataExtent } from './data-extent.ts';
import { dimensionNamed } from './find-names.ts';
import type { GetMetrics, MetricsAnswer } from './get-metrics.ts';
import type { MetricsCall } from './metrics-call.ts';
import type { Grain, Period } from './period.ts';
import { grainFor, latestMonths, type OfferedPeriod, offeredPeriods } from './periods-with-data.ts';
import type { MetricsQuestion, NamedFilters } from './request.ts';

export interface DashboardQuestion {
  /** As the metrics name periods; absent = the latest twelve months that have figures. */
  readonly period?: string | undefined;
  /** Names by dimension. */
  readonly filters: NamedFilters;
}

/** What one dimension may be narrowed to. */
export interface OfferedFilter {
  readonly dimension: string;
  readonly label: string;
  readonly options: readonly string[];
}

export interface ReadPanel {
  readonly panel: DashboardPanel;
  readonly answer: MetricsAnswer;
}

/** Figures as the metrics gave them, each with those of the compared period. */
export interface Dashboard {
  readonly definition: DashboardDefinition;
  readonly period: Period;
  readonly compared: Period;
  readonly grain: Grain;
  readonly figures: readonly DashboardFigure[];
  /** One row with the figures in order. */
  readonly totals: MetricsAnswer;
  readonly trend: MetricsAnswer;
  readonly panels: readonly ReadPanel[];
  readonly filters: readonly OfferedFilter[];
  readonly periods: readonly OfferedPeriod[];
}

export type ReadDashboard = (question: DashboardQuestion, call: MetricsCall) => Promise<Dashboard>;

export interface ReadDashboardOptions {
  readonly definition: DashboardDefinition;
  readonly metrics: MetricsDefinition;
  readonly getMetrics: GetMetrics;
  readonly runQuery: RunQuery;
  readonly extentOf: DataExtent;
  readonly clock: Clock;
}

/** A dashboard is nothing but questions to the certified metrics, asked as its caller. */
export function createReadDashboard(options: ReadDashboardOptions): ReadDashboard {
  const { definition, metrics, getMetrics, runQuery, extentOf, clock } = options;
  const rowsOf = async (sql: string, call: MetricsCall) =>
    JSON.parse((await runQuery({ ...call, sql })).rowsJson) as (string | null)[][];
  const optionsOf = async (dimension: string, call: MetricsCall): Promise<readonly string[]> => {
    const { names } = dimensionNamed(metrics, dimension);
    if (names === 'tenants') return call.principal.tenants.map(({ name }) => name);
    if (names === 'groups') return [...new Set(call.principal.tenants.map(({ group }) => group))];
    if (names === 'boolean') return [];
    const values = await rowsOf(`SELECT DISTINCT n.value FROM (${names.sql}) AS n ORDER BY n.value`, call);
    return values.map(([value]) => String(value));
  };

  return async ({ period: named, filters }, call) => {
    const today = dayAt(clock.now());
    const [known, offered] = await Promise.all([
      extentOf(call),
      Promise.all(definition.filters.map(async (filter) => ({ ...filter, options: await optionsOf(filter.dimension, call) }))),
    ]);
    const extent = known ?? { first: today, last: today };
    const figures = definition.tiles.filter(({ metric }) => mayRead(metrics, metric, call.principal));
    const about = named === undefined ? datesOf(latestMonths(extent, today)) : { period: named };
    const ask = (
      question: Pick<MetricsQuestion, 'metrics' | 'dimensions' | 'grain'> & { limit?: number },
      when: object = about,
    ) => getMetrics({ filters, compareTo: definition.compareTo, ascending: false, limit: 1, ...question, ...when }, call);

    const totals = await ask({ metrics: figures.map(({ metric }) => metric), dimensions: [] });
    const { period, compared = period } = totals;
    const grain = grainFor(period);
    const dates = datesOf(period);
    const ofPanel = async (panel: DashboardPanel) => {
      const { figures, dimension, limit } = panel;
      return {
        panel,
        answer: await ask({ metrics: figures.map(({ metric }) => metric), dimensions: [dimension], limit }, dates),
      };
    };
    const [trend, panels] = await Promise.all([
      ask({ metrics: [definition.trend.figure.metric], dimensions: [], grain }, dates),
      Promise.all(definition.panels.map(ofPanel)),
    ]);
    return {
      definition,
      period,
      compared,
      grain,
      figures,
      totals,
      trend,
      panels,
      filters: offered,
      periods: known === undefined ? [] : offeredPeriods(known),
    };
  };
}

const datesOf = ({ first, last }: Period) => ({ startDate: first, endDate: last });

function mayRead({ metrics }: MetricsDefinition, name: string, { permissions }: Principal): boolean {
  const permission = metrics.find((metric) => metric.name === name)?.permission;
  return permission === undefined || permissions.has(permission);
}
