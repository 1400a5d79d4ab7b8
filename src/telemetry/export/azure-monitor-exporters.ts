import { AzureMonitorMetricExporter, AzureMonitorTraceExporter } from '@azure/monitor-opentelemetry-exporter';
import type { Exporters } from './open-export.ts';

/** Application Insights, by its own exporter: what Azure Monitor takes is not OTLP. `trusted`: beside the usual authorities. */
export function createAzureMonitorExporters(connectionString: string, trusted: { readonly ca?: string } = {}): Exporters {
  // What could not be sent would be written to the disk, with the callers' words in it where those are traced.
  const options = { connectionString, disableOfflineStorage: true, tlsOptions: trusted };
  return { spans: new AzureMonitorTraceExporter(options), metrics: new AzureMonitorMetricExporter(options) };
}
