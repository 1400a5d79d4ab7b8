import type { Clock } from '../../core/clock.ts';
import type { Note } from '../../core/observation.ts';
import type { Database } from '../../postgres/database.ts';
import type { BreakerState } from '../../resilience/breaker.ts';
import type { TelemetryExport } from '../../telemetry/export/open-export.ts';
import { createMinuteMean, loadOf } from '../../telemetry/load-figure.ts';
import { createMetricStore, type Sample } from '../../telemetry/metrics/metric-store.ts';
import { createMetricsSink } from '../../telemetry/metrics/metrics-sink.ts';
import { createReadings } from '../../telemetry/metrics/readings.ts';
import { createProcessSampler } from '../../telemetry/process-sampler.ts';
import { createTraceRecorder } from '../../telemetry/traces/trace-recorder.ts';

export interface WatchedParts {
  readonly database: Pick<Database, 'load' | 'waits'>;
  readonly breakers: readonly WatchedBreaker[];
  /** Absent: nothing is cached. */
  readonly cache?: (() => { readonly hits: number; readonly misses: number }) | undefined;
  /** Records of the audit trail so far. */
  readonly auditEvents: () => number;
}

export interface WatchedBreaker {
  readonly name: string;
  readonly state: () => BreakerState;
}

const latelyMs = 300_000;
/** Loading takes memory that nobody would call growth. */
const settlingMs = 60_000;

const breakerFigures = { closed: 0, half_open: 1, open: 2 } as const satisfies Record<BreakerState, number>;

export interface TelemetryOptions {
  readonly clock: Clock;
  /** Whether traces may hold what callers wrote. */
  readonly withContent?: boolean;
}

/** What this process counts of itself, for all who read it: /metrics, exporters, health checks, alert rules, the autoscaler. */
export function createTelemetry({ clock, withContent = false }: TelemetryOptions) {
  const store = createMetricStore();
  const readings = createReadings({ store, clock });
  const load = createMinuteMean({ clock });
  const cpu = createMinuteMean({ clock });
  const startedAt = clock.monotonic();
  let settledBytes: number | undefined;
  let watched: WatchedParts | undefined;
  const sampler = createProcessSampler({
    clock,
    onSample: ({ cpuShare, loopUtilisation, rssBytes }) => {
      if (clock.monotonic() - startedAt >= settlingMs) settledBytes ??= rssBytes;
      const { slots, running } = watched?.database.load() ?? { slots: 0, running: 0 };
      const { p95Ms, timeoutMs } = watched?.database.waits() ?? { p95Ms: 0, timeoutMs: 0 };
      const database = { connectionsInUse: running, connectionsMax: slots, acquireP95Ms: p95Ms, acquireTimeoutMs: timeoutMs };
      load.note(loadOf({ ...database, cpuShare, loopUtilisation }));
      cpu.note(cpuShare);
    },
  });
  store.addSource(() => {
    const { cpuShare, rssBytes, loopLagMs } = sampler.latest();
    store.set('system_cpu_usage_percent', cpuShare * 100);
    store.set('system_memory_usage_bytes', rssBytes);
    store.set('event_loop_lag_seconds', loopLagMs / 1000);
    store.set('load_ratio', load.value());
  });
  let exported: TelemetryExport | undefined;
  const count = createMetricsSink(store);
  const traces = createTraceRecorder({ clock, withContent, onRequest: (recorded) => exported?.request(recorded) });
  const note: Note = (observation) => {
    count(observation);
    traces.note(observation);
  };
  return {
    note,
    store,
    readings,
    sampler,
    findTrace: traces.find,
    /** Of the last five minutes, for hints. */
    lately: () => ({
      meanSeconds: readings.mean('tool_execution_duration_seconds', latelyMs),
      requests: readings.increase('mcp_requests_total', latelyMs),
      errors: readings.increase('errors_total', latelyMs),
      memoryGrowthBytes: sampler.latest().rssBytes - (settledBytes ?? sampler.latest().rssBytes),
    }),
    /** Of the last minute, 0 to 1. */
    cpuShare: cpu.value,
    load: load.value,
    /** Instances that the autoscaler wants, where this process decides it. */
    watchScaling(desired: () => number | undefined): void {
      store.addSource(() => {
        const count = desired();
        if (count !== undefined) store.set('replicas_desired', count);
      });
    },
    /** Once they are there: their figures are looked up whenever somebody reads. */
    watch(parts: WatchedParts): void {
      watched = parts;
      const { database, breakers, cache, auditEvents } = parts;
      store.addSource(() => {
        const { slots, running, waiting } = database.load();
        store.set('database_pool_size', slots);
        store.set('database_connections_active', running);
        store.set('database_connections_waiting', waiting);
        store.set('database_acquire_p95_seconds', database.waits().p95Ms / 1000);
        for (const { name, state } of breakers) store.set('circuit_breaker_state', breakerFigures[state()], name);
        if (cache !== undefined) {
          store.set('cache_hits_total', cache().hits);
          store.set('cache_misses_total', cache().misses);
        }
        store.set('audit_events_total', auditEvents());
      });
    },
    /** From here on it is sent elsewhere, too. */
    exportTo(open: (samples: () => readonly Sample[]) => TelemetryExport): void {
      exported = open(store.samples);
    },
    flush: async (): Promise<void> => exported?.flush(),
    async close(): Promise<void> {
      readings.close();
      sampler.close();
      await exported?.close();
    },
  };
}
export type Telemetry = ReturnType<typeof createTelemetry>;
