import type { Clock } from '../../core/clock.ts';
import type { MetricDefinition, MetricName } from './metric-list.ts';
import type { MetricStore, Sample } from './metric-store.ts';

export interface Reading {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  /** Of a histogram: how often something was observed. */
  readonly value: number;
}

/** Labels that a series must have; absent ones may be anything. */
export type Where = Readonly<Record<string, string>>;

export interface ReadingsOptions {
  readonly store: Pick<MetricStore, 'samples' | 'copy'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Distance of the moments at which windows can begin. */
  readonly everyMs?: number;
  /** The longest window. */
  readonly keepMs?: number;
}

/** Numbers of this process for whoever decides by them inside it, such as alert rules and the autoscaler. */
export function createReadings({ store, clock, everyMs = 10_000, keepMs = 1_200_000 }: ReadingsOptions) {
  const moments: { readonly at: number; readonly values: Float64Array }[] = [];
  const take = () => {
    const at = clock.monotonic();
    moments.push({ at, values: store.copy() });
    while ((moments[0]?.at ?? at) < at - keepMs - everyMs) moments.shift();
  };
  const timer = setInterval(take, everyMs).unref();

  const matching = (name: MetricName, where: Where) => store.samples().filter((sample) => fits(sample, name, where));
  /** By slot, all matching series together. Before the first moment everything was 0. */
  const growth = (name: MetricName, windowMs: number, where: Where) => {
    const before = moments.findLast(({ at }) => at <= clock.monotonic() - windowMs)?.values;
    const found = matching(name, where);
    const slots = (found[0]?.values ?? [0]).map((_, slot) =>
      found.reduce((sum, { values, offset }) => sum + (values[slot] ?? 0) - (before?.[offset + slot] ?? 0), 0),
    );
    const buckets = found[0]?.metric.buckets;
    return { buckets, slots, count: countIn(buckets, slots) };
  };

  return {
    /** Remembers this moment, as the timer does. */
    take,
    /** Every series as it stands. */
    all: (): readonly Reading[] =>
      store.samples().map(({ metric, labels, values }) => ({
        name: metric.name as MetricName,
        labels: Object.fromEntries(metric.labels.map((label, index) => [label, labels[index] ?? ''])),
        value: countIn(metric.buckets, values),
      })),
    /** Sum of the matching series as they stand; undefined where there is none, such as a gauge that nobody has set. */
    value(name: MetricName, where: Where = {}): number | undefined {
      const found = matching(name, where);
      return found.length === 0 ? undefined : found.reduce((sum, { metric, values }) => sum + countIn(metric.buckets, values), 0);
    },
    /** How much a counter grew over the last `windowMs`, or since the start where that is shorter; observations of a histogram. */
    increase: (name: MetricName, windowMs: number, where: Where = {}): number => growth(name, windowMs, where).count,
    /** Mean of what a histogram observed over the last `windowMs`; undefined where that is nothing. */
    mean(name: MetricName, windowMs: number, where: Where = {}): number | undefined {
      const { slots, count } = growth(name, windowMs, where);
      return count === 0 ? undefined : (slots.at(-1) ?? 0) / count;
    },
    /** The same for a quantile, 0 to 1: the upper bound of its bucket, Infinity above the last one. */
    quantile(name: MetricName, share: number, windowMs: number, where: Where = {}): number | undefined {
      const { buckets, slots, count } = growth(name, windowMs, where);
      if (count === 0) return undefined;
      let seen = 0;
      const bucket = slots.findIndex((calls) => {
        seen += calls;
        return seen >= share * count;
      });
      return buckets?.[bucket] ?? Number.POSITIVE_INFINITY;
    },
    close: (): void => clearInterval(timer),
  };
}
export type Readings = Omit<ReturnType<typeof createReadings>, 'take' | 'close'>;

const fits = ({ metric, labels }: Sample, name: MetricName, where: Where): boolean =>
  metric.name === name && Object.entries(where).every(([label, value]) => labels[metric.labels.indexOf(label)] === value);

/** A counter's or gauge's value; how often a histogram observed something. */
function countIn(buckets: MetricDefinition['buckets'], values: readonly number[]): number {
  return buckets === undefined ? (values[0] ?? 0) : values.slice(0, buckets.length + 1).reduce((sum, calls) => sum + calls, 0);
}
