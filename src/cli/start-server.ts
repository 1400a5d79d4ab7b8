import { createCallerWatch } from '../alerts/caller-watch.ts';
import { sharedRedis } from '../app/adapters.ts';
import { openEmbedder } from '../app/embedding.ts';
import { closeInOrder } from '../app/lifecycle.ts';
import { loadPlugins } from '../app/load-plugins.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { refuseBrokenIsolation } from '../app/schedules/job-verdicts.ts';
import { openKeys } from '../app/secrets.ts';
import { type Gather, gatherAlone, type OwnAnswer } from '../app/telemetry/gather-workers.ts';
import { createTelemetry } from '../app/telemetry/telemetry.ts';
import { startTelemetryExport } from '../app/telemetry/telemetry-export.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { leaveWasmToBaseline } from '../core/wasm-tiering.ts';
import { noteOwnStatements } from '../postgres/noted-statements.ts';
import { refuseUnsafeRoles } from '../postgres/privilege-check.ts';
import { loadParser } from '../query/guard-rules/parser.ts';
import type { RateStore } from '../resilience/rate-limiter.ts';
import { createHistory } from '../telemetry/history.ts';
import { openToldDatabase } from './open-database.ts';
import { readVersion } from './version.ts';

export const clock = systemClock;
/** What a stop leaves to running queries. */
export const stopWaitMs = 20_000;

/** What a process has of several that share the work. */
export interface Part {
  /** To the person who starts the server, what one should say for all. */
  readonly tells: boolean;
  readonly rates?: RateStore;
  /** Asks all of them. */
  readonly gather: (own: OwnAnswer) => Gather;
}
export const onItsOwn: Part = { tells: true, gather: gatherAlone };

/** Everything before the first call: keys, database, walls, parts. Under stdio nothing of it may touch stdout. */
export async function startServer(config: Config, logLine: Note, stop: AbortSignal, { tells, rates, gather }: Part = onItsOwn) {
  const telemetry = createTelemetry({ clock, withContent: config.traceContent });
  const log: Note = (observation) => {
    logLine(observation);
    telemetry.note(observation);
  };
  leaveWasmToBaseline();
  const served = await loadServedSchema(config);
  const plugins = await loadPlugins(config.pluginsDir);
  const keys = await openKeys(config, log);
  // Loading the protocol's packages takes as long as opening a database: both at once.
  const opening = openToldDatabase(config, { key: keys.scopeKey(), signal: stop });
  const loading = Promise.all([
    import('../app/compose.ts'),
    import('../app/audit-trail.ts'),
    import('../app/answer-cache.ts'),
    import('../app/task-place.ts'),
    import('../app/telemetry/operators.ts'),
    import('../app/read-replicas.ts'),
    import('../app/pool-sizing.ts'),
    import('../cost/usage-ledger.ts'),
    loadParser(),
  ]);
  const [primary, loaded] = await Promise.all([opening, loading]);
  const [{ compose, serverName }, { openAuditTrail }, { openAnswerCache }, { taskPlace }, { openOperators }] = loaded;
  const [, , , , , { withReadReplicas }, { startPoolSizing }, { createUsageLedger }] = loaded;
  const opened = withReadReplicas(primary, { config, note: log });
  const { notice, advice } = opened;
  const database = noteOwnStatements(opened.database, { note: telemetry.note, clock });
  if (notice !== undefined) process.stderr.write(`${notice}\n`);
  if (advice !== undefined && tells) process.stderr.write(`${advice}\n`);
  const redis = await sharedRedis(config, log);
  const toClose = [async () => redis?.close(), () => database.close(), async () => keys.close(), async () => telemetry.close()];
  const onFault = (error: unknown) => log({ kind: 'fault_met', where: 'stop', error });
  /** In order; what fails is logged. */
  const closeParts = (outer: Parameters<typeof closeInOrder>[0]) => closeInOrder(outer, { onFault });
  const close = () => closeParts(toClose);
  try {
    await refuseUnsafeRoles({ database, definition: served.definition, prefix: config.postgresRolePrefix });
    await refuseBrokenIsolation(database);
    const version = readVersion();
    // A copy in memory is forgotten, and its trail with it.
    const lasting = notice === undefined;
    await startTelemetryExport({ config, telemetry, service: { name: serverName, version }, clock });
    const trail = await openAuditTrail({ config, database, ring: keys.encryptionKeys, clock, log, lasting });
    toClose.unshift(trail.close);
    const { admit: admitAudited } = trail;
    const history = createHistory({ clock });
    const accounts = createUsageLedger({ session: database, clock, note: log });
    toClose.unshift(accounts.close);
    const callers = createCallerWatch({ clock });
    const note: Note = (observation) => {
      trail.note(observation);
      history.note(observation);
      accounts.note(observation);
      callers.note(observation);
    };
    const cache = await openAnswerCache({
      ...{ config, definition: served.definition, redis, ring: keys.encryptionKeys, clock, note },
      ...{ place: opened.place, watchTables: opened.watchTables, load: database.load },
    });
    toClose.unshift(cache.close);
    toClose.unshift(startPoolSizing({ config, database, load: telemetry.load }).close);
    const embedder = served.catalogue && (await openEmbedder(config, clock, log));
    toClose.unshift(async () => embedder?.close());
    const signingKey = keys.scopeKey;
    const { remember, onTableChange } = cache;
    const tasks = taskPlace({ config, redis, ring: keys.encryptionKeys, note });
    const composition = await compose({
      ...{ config, served, database, signingKey, version, note, admitAudited, redis, rates, embedder, plugins },
      ...{ remember, onTableChange, clock, ...(tasks && { tasks }) },
    });
    const dashboard = { ring: keys.encryptionKeys, history, cache: cache.statistics, version, clock };
    const operators = await openOperators({
      ...{ config, served, telemetry, composition, database, embedder, gather, clock, note },
      ...{ cache: cache.statistics, auditEvents: trail.written },
    });
    const alerts = {
      ...{ config, database, callers, clock, note },
      ...{ health: operators.health, sampler: telemetry.sampler, readings: telemetry.readings },
      ...{ redis, replicasAway: opened.replicasAway },
    };
    const parts = { composition, database, dashboard, operators, telemetry, redis, alerts };
    return { ...parts, served, opened, keys, embedder, serverName, version, note, closeParts, close };
  } catch (error) {
    await close();
    throw error;
  }
}
