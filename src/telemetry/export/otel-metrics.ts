import { type HrTime, ValueType } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  InstrumentType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { type MetricDefinition, metricList } from '../metrics/metric-list.ts';
import type { Sample } from '../metrics/metric-store.ts';

export interface OtelMetricsOptions {
  readonly samples: () => readonly Sample[];
  readonly resource: Resource;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Our counts as OpenTelemetry's exporters want them: cumulative, since the start of the process. */
export function createOtelMetrics({ samples, resource, now }: OtelMetricsOptions): MetricProducer {
  const startTime = hrTime(now());
  return {
    async collect(): Promise<CollectionResult> {
      const times = { startTime, endTime: hrTime(now()) };
      const all = samples();
      const metrics = metricList.flatMap((metric) => {
        const own = all.filter((sample) => sample.metric.name === metric.name);
        return own.length === 0 ? [] : [metricData(metric, own, times)];
      });
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'zava-mcp-server' }, metrics }] }, errors: [] };
    },
  };
}

type Times = { readonly startTime: HrTime; readonly endTime: HrTime };

function metricData(metric: MetricDefinition, samples: readonly Sample[], times: Times): MetricData {
  const type = { counter: InstrumentType.COUNTER, gauge: InstrumentType.GAUGE, histogram: InstrumentType.HISTOGRAM }[metric.kind];
  const descriptor = {
    name: metric.name,
    description: metric.help,
    unit: metric.unit,
    type,
    valueType: ValueType.DOUBLE,
    advice: {},
  };
  const head = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const pointOf = <T>(sample: Sample, value: T) => ({ ...times, attributes: attributesOf(sample), value });
  if (metric.kind === 'histogram') {
    const dataPoints = samples.map((sample) => pointOf(sample, histogramOf(metric.buckets ?? [], sample.values)));
    return { ...head, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = samples.map((sample) => pointOf(sample, sample.values[0] ?? 0));
  return metric.kind === 'counter'
    ? { ...head, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...head, dataPointType: DataPointType.GAUGE, dataPoints };
}

function histogramOf(boundaries: readonly number[], values: readonly number[]) {
  const counts = values.slice(0, -1);
  return {
    buckets: { boundaries: [...boundaries], counts },
    sum: values.at(-1) ?? 0,
    count: counts.reduce((sum, one) => sum + one, 0),
  };
}

const attributesOf = ({ metric, labels }: Sample) =>
  Object.fromEntries(metric.labels.map((label, index) => [label, labels[index] ?? '']));

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
