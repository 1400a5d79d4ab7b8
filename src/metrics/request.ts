import type { DimensionDefinition, MetricDefinition } from '../core/metrics-definition.ts';
import type { ComparedPeriod, Comparison, Grain, Period } from './period.ts';

/** Values that a caller filters by, by dimension. */
export type NamedFilters = Readonly<Record<string, unknown>>;

/** As the caller puts it. */
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

/** Rows that a filter lets through: the ids, or the truth values, of one dimension's key. */
export interface KeyFilter {
  readonly dimension: string;
  readonly keys: readonly (number | boolean)[];
}

/** A question with every name found and every date fixed: whatever is left of the caller's words is numbers. */
export interface MetricsRequest {
  readonly metrics: readonly MetricDefinition[];
  readonly dimensions: readonly DimensionDefinition[];
  readonly filters: readonly KeyFilter[];
  readonly grain?: Grain | undefined;
  readonly period: Period;
  readonly compared?: ComparedPeriod | undefined;
  /** Most groups, the best (or the weakest) by the first metric first. */
  readonly groups: number;
  readonly ascending: boolean;
}

/** The measures that an expression names, with those over all groups. */
export function measuresIn(expression: string): string[] {
  const names = [...expression.matchAll(/\{(?:all\.)?(\w+)\}/g)].map(([, name = '']) => name);
  return [...new Set(names)].filter((name) => name !== 'days');
}
