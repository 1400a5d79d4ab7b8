import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import type { Note } from '../../core/observation.ts';
import { createAiServiceCheck } from '../../health/checks/ai-service-check.ts';
import { createApplicationCheck } from '../../health/checks/application-check.ts';
import { createDatabaseCheck } from '../../health/checks/database-check.ts';
import { createSystemCheck, diskSpaceOf } from '../../health/checks/system-check.ts';
import { createHealthReport } from '../../health/health-report.ts';
import type { Database } from '../../postgres/database.ts';
import { readMigrations } from '../../postgres/migrate.ts';
import type { Embedder } from '../../search/embedding/embedder.ts';
import { countVectors } from '../../search/embedding/vector-store.ts';
import type { ServedSchema } from '../served-schema.ts';
import type { Telemetry } from './telemetry.ts';

export interface OpenHealthOptions {
  readonly config: Pick<Config, 'dataDir' | 'cacheTtlSeconds'>;
  readonly served: Pick<ServedSchema, 'migrations' | 'catalogue'>;
  readonly database: Pick<Database, 'query' | 'load' | 'waits'>;
  readonly embedder: Embedder | undefined;
  readonly telemetry: Pick<Telemetry, 'readings' | 'sampler' | 'cpuShare'>;
  readonly toolCount: () => number;
  readonly clock: Clock;
  readonly note: Note;
}

/** The four components of this server, and what each is asked. */
export async function openHealth(options: OpenHealthOptions) {
  const { config, served, database, embedder, telemetry, toolCount, clock, note } = options;
  const { readings, sampler, cpuShare } = telemetry;
  const { catalogue } = served;
  const migrations = await readMigrations(served.migrations);
  const checks = {
    database: createDatabaseCheck({ database, migration: migrations.at(-1)?.version ?? 0, clock }),
    ai_service: createAiServiceCheck({ embedder, clock }),
    system: createSystemCheck({ sample: sampler.latest, cpuShare, diskSpace: () => diskSpaceOf(config.dataDir) }),
    application: createApplicationCheck({
      readings,
      toolCount,
      embeddings: embedder && catalogue && (() => countVectors(database, catalogue, embedder)),
      backupAgeSeconds: () => readings.value('backup_age_seconds'),
      cacheOn: config.cacheTtlSeconds > 0,
    }),
  };
  return createHealthReport({ checks, clock, note });
}
