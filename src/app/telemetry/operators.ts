import type { Config } from '../../config/schema.ts';
import type { HttpServer } from '../../http/listen.ts';
import { listenForMetrics } from '../../http/private-metrics.ts';
import type { Sample } from '../../telemetry/metrics/metric-store.ts';
import type { Composition } from '../compose.ts';
import type { Gather, OwnAnswer } from './gather-workers.ts';
import { type OpenHealthOptions, openHealth } from './health.ts';
import { metricsPage, type OperatorParts } from './operator-pages.ts';
import { ownTelemetry, serverTelemetry } from './server-telemetry.ts';
import type { Telemetry, WatchedParts } from './telemetry.ts';
import { databaseNameOf } from './telemetry-export.ts';

export interface OpenOperatorsOptions extends Omit<OpenHealthOptions, 'config' | 'telemetry' | 'toolCount'> {
  readonly config: Config;
  readonly telemetry: Telemetry;
  readonly composition: {
    readonly breaker: Pick<Composition['breaker'], 'state'>;
    readonly mcp: Pick<Composition['mcp'], 'toolCount'>;
  };
  readonly cache: WatchedParts['cache'];
  readonly auditEvents: WatchedParts['auditEvents'];
  /** Asks all processes of this server. */
  readonly gather: (own: OwnAnswer) => Gather;
}

/** What operators are told of a composed server. From here on its parts are looked at whenever somebody reads. */
export async function openOperators(options: OpenOperatorsOptions): Promise<OperatorParts> {
  const { telemetry, composition, database, embedder, cache, auditEvents, gather, config } = options;
  const service = embedder?.breakerState;
  telemetry.watch({
    database,
    breakers: [
      { name: 'database', state: composition.breaker.state },
      ...(service === undefined ? [] : [{ name: 'embedding service', state: service }]),
    ],
    cache,
    auditEvents,
  });
  return {
    ...serverTelemetry(gather(ownTelemetry(telemetry))),
    health: await openHealth({ ...options, toolCount: () => composition.mcp.toolCount }),
    lately: telemetry.lately,
    databaseName: databaseNameOf(config),
  };
}

/** On METRICS_PORT, where it is set. */
export async function openPrivateMetrics(
  { host, metricsPort: port }: Pick<Config, 'host' | 'metricsPort'>,
  samples: () => Promise<readonly Sample[]>,
): Promise<HttpServer | undefined> {
  return port === undefined ? undefined : listenForMetrics({ host, port, page: () => metricsPage(samples) });
}
