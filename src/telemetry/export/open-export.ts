import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../../core/clock.ts';
import { within } from '../../core/within.ts';
import type { Sample } from '../metrics/metric-store.ts';
import type { RecordedRequest } from '../traces/recorded-request.ts';
import { spanTree } from '../traces/trace.ts';
import { createOtelMetrics } from './otel-metrics.ts';
import { exportTree } from './otel-spans.ts';

const closeWithinMs = 3000;

/** Where telemetry goes. */
export interface Exporters {
  readonly spans: SpanExporter;
  readonly metrics: PushMetricExporter;
}

export interface OpenExportOptions {
  readonly exporters: readonly Exporters[];
  readonly samples: () => readonly Sample[];
  readonly databaseName: string;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly clock: Pick<Clock, 'now'>;
  readonly metricsEveryMs?: number;
  readonly spansEveryMs?: number;
}

/** OpenTelemetry's own machinery behind ours: it gathers, sends, tries again, and drops what nobody takes. */
export function openExport(options: OpenExportOptions) {
  const { exporters, samples, databaseName, service, clock, metricsEveryMs = 60_000, spansEveryMs = 5000 } = options;
  const resource = resourceFromAttributes({
    'service.name': service.name,
    'service.version': service.version,
    'service.instance.id': service.instance,
  });
  const metricProducers = [createOtelMetrics({ samples, resource, now: clock.now })];
  const spans = new BasicTracerProvider({
    resource,
    spanProcessors: exporters.map((to) => new BatchSpanProcessor(to.spans, { scheduledDelayMillis: spansEveryMs })),
  });
  const metrics = new MeterProvider({
    resource,
    readers: exporters.map(
      (to) =>
        new PeriodicExportingMetricReader({
          ...{ exporter: to.metrics, metricProducers },
          ...{ exportIntervalMillis: metricsEveryMs, exportTimeoutMillis: Math.min(10_000, metricsEveryMs) },
        }),
    ),
  });
  const tracer = spans.getTracer('zava-mcp-server', service.version);
  return {
    request: (recorded: RecordedRequest): void => exportTree(tracer, spanTree(recorded, databaseName)),
    /** Sends what waits. A receiver that is away costs what was meant for it, and nothing else. */
    async flush(): Promise<void> {
      await Promise.allSettled([spans.forceFlush(), metrics.forceFlush()]);
    },
    /** Sends what waits, and gives up on a receiver that does not take it: a server must be able to stop without one. */
    async close(): Promise<void> {
      await within(closeWithinMs, Promise.allSettled([spans.shutdown(), metrics.shutdown()])).catch(() => {});
    },
  };
}
export type TelemetryExport = ReturnType<typeof openExport>;
