import type { Fact, FactName, Facts, Readings } from './readings.ts';

/** A number, or one for each series. */
export type Term =
  | { readonly kind: 'gauge'; readonly metric: string; readonly by?: string }
  | { readonly kind: 'increase'; readonly metric: string; readonly windowMs: number; readonly where?: Where }
  | { readonly kind: 'mean'; readonly metric: string; readonly windowMs: number; readonly where?: Where }
  | { readonly kind: 'share'; readonly of: Term; readonly whole: Term | number }
  | { readonly kind: 'fact'; readonly fact: FactName };

/** Only the series whose label is one of these. */
export interface Where {
  readonly label: string;
  readonly in: readonly string[];
}

/** As data, so that the server's own evaluation and the file for Prometheus are made from the same. */
export type Condition =
  | { readonly kind: 'above'; readonly term: Term; readonly than: number }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] };

export const gauge = (metric: string, by?: string): Term => ({ kind: 'gauge', metric, ...(by !== undefined && { by }) });
export const increase = (metric: string, windowMs: number, where?: Where): Term => ({
  ...{ kind: 'increase', metric, windowMs },
  ...(where && { where }),
});
export const mean = (metric: string, windowMs: number, where?: Where): Term => ({
  ...{ kind: 'mean', metric, windowMs },
  ...(where && { where }),
});
export const share = (of: Term, whole: Term | number): Term => ({ kind: 'share', of, whole });
export const fact = (name: FactName): Term => ({ kind: 'fact', fact: name });
export const above = (term: Term, than: number): Condition => ({ kind: 'above', term, than });
export const all = (...of: readonly Condition[]): Condition => ({ kind: 'all', of });
export const any = (...of: readonly Condition[]): Condition => ({ kind: 'any', of });

/** Where a condition holds, and whether it is known that it holds nowhere else. */
export interface Verdict {
  readonly holds: readonly Fact[];
  readonly known: boolean;
}

/** Three-valued: a metric that is missing makes unknown what depends on it, neither true nor false. Never throws for one. */
export function judge(condition: Condition, readings: Readings, facts: Facts): Verdict {
  if (condition.kind === 'above') {
    const found = numbers(condition.term, readings, facts);
    return { holds: (found ?? []).filter(({ value }) => value > condition.than), known: found !== undefined };
  }
  const verdicts = condition.of.map((each) => judge(each, readings, facts));
  if (condition.kind === 'any') {
    return { holds: verdicts.flatMap(({ holds }) => holds), known: verdicts.every(({ known }) => known) };
  }
  const failed = verdicts.some(({ known, holds }) => known && holds.length === 0);
  const [first] = verdicts;
  const holds = verdicts.every((verdict) => verdict.holds.length > 0) ? (first?.holds ?? []) : [];
  return { holds, known: failed || verdicts.every(({ known }) => known) };
}

/** NaN, which is above nothing, where there was nothing to divide by. */
function numbers(term: Term, readings: Readings, facts: Facts): readonly Fact[] | undefined {
  switch (term.kind) {
    case 'gauge': {
      const series = readings.all().filter(({ name }) => name === term.metric);
      if (series.length === 0) return undefined;
      const { by } = term;
      if (by !== undefined) return series.map(({ labels, value }) => ({ labels: { [by]: labels[by] ?? '' }, value }));
      return one(Math.max(...series.map(({ value }) => value)));
    }
    case 'increase':
      return one(growth(term, readings));
    case 'mean': {
      const { where } = term;
      const value = readings.mean(term.metric, term.windowMs, where && { [where.label]: where.in[0] ?? '' });
      const seen = value !== undefined || readings.all().some(({ name }) => name === term.metric);
      return seen ? one(value ?? Number.NaN) : undefined;
    }
    case 'share': {
      const part = numbers(term.of, readings, facts);
      const whole = typeof term.whole === 'number' ? one(term.whole) : numbers(term.whole, readings, facts);
      const divisor = whole?.[0]?.value;
      return divisor === undefined ? undefined : part?.map(({ labels, value }) => ({ labels, value: value / divisor }));
    }
    case 'fact':
      return facts(term.fact);
  }
}

function growth({ metric, windowMs, where }: Extract<Term, { kind: 'increase' }>, readings: Readings): number {
  if (where === undefined) return readings.increase(metric, windowMs);
  return where.in.reduce((sum, value) => sum + readings.increase(metric, windowMs, { [where.label]: value }), 0);
}

const one = (value: number): readonly Fact[] => [{ labels: {}, value }];
