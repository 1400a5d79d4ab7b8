import { type MetricDefinition, type MetricName, metricList } from './metric-list.ts';

/** One series as it stands. */
export interface Sample {
  readonly metric: MetricDefinition;
  /** In the order of the metric's own. */
  readonly labels: readonly string[];
  /** The value; of a histogram the observations in each bucket, above the last one, and the sum of what was observed. */
  readonly values: readonly number[];
  /** Where its values begin in `copy()`. */
  readonly offset: number;
}

type Series = Omit<Sample, 'values'>;

/** A label that grows without bound is a mistake, and must not take the memory of the process. */
const mostSeries = 200;
const others = 'other';

/**
 * What is counted in this process. A count costs one look-up by its label values and one addition; whoever reads (the text for
 * Prometheus, the export by OTLP, alert rules) reads the same numbers.
 */
export function createMetricStore() {
  const metrics = new Map<string, { readonly metric: MetricDefinition; readonly series: Map<string, Series> }>(
    metricList.map((metric) => [metric.name, { metric, series: new Map() }]),
  );
  /** Of all series, one after the other in the order in which they came to be. */
  const values: number[] = [];
  const sources: (() => void)[] = [];

  const seriesOf = (name: MetricName, labels: readonly string[]): Series => {
    const { metric, series } = metrics.get(name) as NonNullable<ReturnType<typeof metrics.get>>;
    const key = labels.length === 1 ? (labels[0] as string) : labels.join('\n');
    const known = series.get(key);
    if (known !== undefined) return known;
    if (series.size >= mostSeries && !labels.every((label) => label === others)) return seriesOf(name, labels.map(toOther));
    const made = { metric, labels: [...labels], offset: values.length };
    for (let slot = 0; slot < slotsOf(metric); slot += 1) values.push(0);
    series.set(key, made);
    return made;
  };
  const grow = (slot: number, by: number) => {
    values[slot] = (values[slot] as number) + by;
  };
  // A counter that stands at 0 says more than one that is not there.
  for (const { name, kind, labels } of metricList) if (kind === 'counter' && labels.length === 0) seriesOf(name, []);
  const refreshAll = () => {
    for (const refresh of sources) refresh();
  };

  return {
    /** To a counter. */
    add(name: MetricName, by: number, ...labels: readonly string[]): void {
      grow(seriesOf(name, labels).offset, by);
    },
    /** A gauge, all that a part with a figure of its own needs (`Pick<MetricStore, 'set'>`); or a counter that is counted elsewhere. */
    set(name: MetricName, value: number, ...labels: readonly string[]): void {
      values[seriesOf(name, labels).offset] = value;
    },
    /** Into a histogram. */
    observe(name: MetricName, value: number, ...labels: readonly string[]): void {
      const { metric, offset } = seriesOf(name, labels);
      const bounds = metric.buckets as readonly number[];
      let bucket = 0;
      while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
      grow(offset + bucket, 1);
      grow(offset + bounds.length + 1, value);
    },
    /** `refresh` sets what is only looked up when somebody reads. */
    addSource(refresh: () => void): void {
      sources.push(refresh);
    },
    /** Every series as it stands now. */
    samples(): readonly Sample[] {
      refreshAll();
      return [...metrics.values()].flatMap(({ metric, series }) =>
        [...series.values()].map((one) => ({ ...one, values: values.slice(one.offset, one.offset + slotsOf(metric)) })),
      );
    },
    /** All values as they stand now, for comparing with later. */
    copy(): Float64Array {
      refreshAll();
      return Float64Array.from(values);
    },
  };
}
export type MetricStore = ReturnType<typeof createMetricStore>;

const slotsOf = ({ buckets }: MetricDefinition): number => (buckets === undefined ? 1 : buckets.length + 2);
const toOther = () => others;
