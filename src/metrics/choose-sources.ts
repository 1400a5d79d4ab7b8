import { AppError } from '../core/errors.ts';
import type { MetricSource } from '../core/metrics-definition.ts';
import { type Grain, type Period, raggedEnds, type Shift, wholeMonths } from './period.ts';

/** One source over one stretch of time, with the measures that are read from it. */
export interface Part {
  readonly source: MetricSource;
  /** Absent where the source has no history. */
  readonly range?: Period;
  readonly measures: readonly string[];
}

export interface Wanted {
  readonly measures: readonly string[];
  /** Dimensions that rows are grouped or filtered by. */
  readonly keys: readonly string[];
  readonly grain?: Grain | undefined;
  readonly period: Period;
  /** Present where days are moved before they are put into their week, month …, to meet those that they are compared with. */
  readonly shift?: Shift | undefined;
}

/**
 * Which sources to read: for each measure the cheapest that has it by these keys, or one that is read for another measure anyway.
 * Whole months come from what is kept by month, the days around them from a finer source; what counts different things comes from
 * one source alone.
 */
export function chooseSources(sources: readonly MetricSource[], { measures, ...wanted }: Wanted): Part[] {
  const parts = new Map<string, { source: MetricSource; range?: Period; measures: string[] }>();
  for (const measure of choosiestFirst(sources, measures)) {
    const read = [...parts.values()].find(({ source, range }) => range === wanted.period && source.sums?.[measure] !== undefined);
    for (const { source, range } of read === undefined ? coverage(sources, measure, wanted) : [read]) {
      const name = `${source.name} ${range?.first} ${range?.last}`;
      const part = parts.get(name) ?? { source, ...(range && { range }), measures: [] };
      part.measures.push(measure);
      parts.set(name, part);
    }
  }
  return [...parts.values()];
}

const holdersOf = (sources: readonly MetricSource[], measure: string) =>
  sources.filter(({ sums, counts }) => sums?.[measure] !== undefined || counts?.[measure] !== undefined);

const choosiestFirst = (sources: readonly MetricSource[], measures: readonly string[]) =>
  [...measures].sort((a, b) => holdersOf(sources, a).length - holdersOf(sources, b).length);

type Covered = Omit<Part, 'measures'>;

function coverage(sources: readonly MetricSource[], measure: string, wanted: Omit<Wanted, 'measures'>): Covered[] {
  const { keys, grain, period } = wanted;
  const holding = holdersOf(sources, measure);
  const usable = holding.filter((source) => keys.every((key) => source.keys[key] !== undefined));
  const daily = usable.find(({ time }) => time?.per === 'day');
  const [cheapest] = usable;
  if (cheapest === undefined) throw cannotBeGrouped(measure, keys, holding);
  if (cheapest.time === undefined) {
    if (grain === undefined) return [{ source: cheapest }];
    throw new AppError('invalid_input', `${measure} is known as of now only, without history`, { hint: 'Leave out grain.' });
  }
  const whole = wholeMonths(period);
  const monthly = cheapest.time.per === 'month' && !tellsDaysApart(wanted) ? cheapest : undefined;
  if (monthly !== undefined && whole !== undefined) {
    const ends = raggedEnds(period, whole);
    if (ends.length === 0) return [{ source: monthly, range: whole }];
    if (daily?.sums?.[measure] !== undefined) {
      return [{ source: monthly, range: whole }, ...ends.map((range) => ({ source: daily, range }))];
    }
  }
  if (daily === undefined) throw cannotBeGrouped(measure, keys, []);
  return [{ source: daily, range: period }];
}

/** A month that is moved by days falls into two. */
const tellsDaysApart = ({ grain, shift }: Pick<Wanted, 'grain' | 'shift'>): boolean =>
  grain === 'day' || grain === 'week' || (grain !== undefined && shift !== undefined && 'days' in shift);

function cannotBeGrouped(measure: string, keys: readonly string[], holding: readonly MetricSource[]): AppError {
  const possible = new Set(holding.flatMap((source) => Object.keys(source.keys)));
  const impossible = keys.filter((key) => !possible.has(key));
  return new AppError('invalid_input', `${measure} cannot be told by ${(impossible.length > 0 ? impossible : keys).join(', ')}`, {
    hint: possible.size > 0 ? `It can be told by ${[...possible].join(', ')}.` : 'Use a coarser question.',
  });
}
