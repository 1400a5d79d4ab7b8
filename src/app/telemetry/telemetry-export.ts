import { randomUUID } from 'node:crypto';
import { databaseTarget } from '../../config/database-target.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import type { Exporters, TelemetryExport } from '../../telemetry/export/open-export.ts';
import type { Telemetry } from './telemetry.ts';

export interface StartExportOptions {
  readonly config: Config;
  readonly telemetry: Pick<Telemetry, 'exportTo'>;
  readonly service: { readonly name: string; readonly version: string };
  readonly clock: Clock;
}

/** Sends metrics and traces to whom the settings name. Where they name nobody, nothing of OpenTelemetry is loaded. */
export async function startTelemetryExport({ config, telemetry, service, clock }: StartExportOptions): Promise<void> {
  const exporters = await exportersOf(config);
  if (exporters.length === 0) return;
  const { openExport } = await import('../../telemetry/export/open-export.ts');
  const databaseName = databaseNameOf(config);
  telemetry.exportTo(
    (samples): TelemetryExport =>
      openExport({ exporters, samples, databaseName, service: { ...service, instance: randomUUID() }, clock }),
  );
}

/** As spans name it. */
export function databaseNameOf(config: Config): string {
  const target = databaseTarget(config);
  return target.kind === 'embedded' ? 'embedded' : target.address.database;
}

async function exportersOf(config: Config): Promise<Exporters[]> {
  const { otelExporterOtlpEndpoint: endpoint, applicationinsightsConnectionString: connectionString } = config;
  const otlp = endpoint && (await import('../../telemetry/export/otlp-exporters.ts')).createOtlpExporters(endpoint);
  const azure =
    connectionString &&
    (await import('../../telemetry/export/azure-monitor-exporters.ts')).createAzureMonitorExporters(connectionString);
  return [otlp, azure].filter((one) => typeof one === 'object');
}
