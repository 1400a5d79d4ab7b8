import type { Readings } from '../../telemetry/metrics/readings.ts';
import { findingsOf, type HealthCheck } from '../health-check.ts';

export interface ApplicationCheckOptions {
  readonly readings: Pick<Readings, 'increase' | 'value'>;
  readonly toolCount: () => number;
  /** Items with a vector of the model in use, and all; undefined where meaning is not compared. Rejects where the database is away. */
  readonly embeddings?: (() => Promise<{ readonly stored: number; readonly wanted: number }>) | undefined;
  /** Of the last full backup; undefined where this process does not know of one. */
  readonly backupAgeSeconds: () => number | undefined;
  readonly cacheOn: boolean;
}

const windowMs = 300_000;
const fewestRequests = 20;
const mostErrors = 0.05;
const oldestBackupSeconds = 26 * 3600;

/** What is our doing, or a dependency's. A caller's own mistakes are no reason to doubt the server. */
const ourFaults = ['internal', 'dependency_unavailable', 'circuit_open', 'query_timeout', 'overloaded'] as const;

/** Whether the server does its work. */
export function createApplicationCheck(options: ApplicationCheckOptions): HealthCheck {
  const { readings, toolCount, embeddings, backupAgeSeconds, cacheOn } = options;
  return async () => {
    const requests = readings.increase('mcp_requests_total', windowMs);
    const errors = ourFaults.reduce((sum, code) => sum + readings.increase('errors_total', windowMs, { code }), 0);
    const cacheErrors = readings.increase('cache_errors_total', windowMs);
    const vectors = await embeddings?.().catch(() => undefined);
    const backupAge = backupAgeSeconds();
    const tools = toolCount();
    return findingsOf(
      [
        { when: tools === 0, status: 'unhealthy', reason: 'no tool is loaded' },
        {
          when: requests >= fewestRequests && errors / requests > mostErrors,
          status: 'degraded',
          reason: `${Math.round((100 * errors) / requests)} % of the requests of 5 minutes failed`,
        },
        { when: cacheErrors > 0, status: 'degraded', reason: 'the shared cache fails: answers are slower' },
        {
          when: vectors !== undefined && vectors.stored < vectors.wanted,
          status: 'degraded',
          reason: `${(vectors?.wanted ?? 0) - (vectors?.stored ?? 0)} products have no vector: run zava-mcp-server index-products`,
        },
        {
          when: (backupAge ?? 0) > oldestBackupSeconds,
          status: 'degraded',
          reason: `the last full backup is ${Math.round((backupAge ?? 0) / 3600)} h old`,
        },
      ],
      {
        requests_5m: requests,
        errors_5m: errors,
        tools,
        cache: cacheOn ? { errors_5m: cacheErrors } : 'off',
        embeddings: vectors ?? 'unknown',
        backup_age_seconds: backupAge === undefined ? 'unknown' : Math.round(backupAge),
      },
    );
  };
}
