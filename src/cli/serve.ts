import { createCallerWatch } from '../alerts/caller-watch.ts';
import { sharedRedis, trustedIssuer } from '../app/adapters.ts';
import { openEmbedder } from '../app/embedding.ts';
import { type Gather, gatherAlone, type OwnAnswer } from '../app/gather-workers.ts';
import { refuseBrokenIsolation, watchIsolation } from '../app/isolation-watch.ts';
import { closeInOrder } from '../app/lifecycle.ts';
import { loadPlugins } from '../app/load-plugins.ts';
import { openKeys } from '../app/secrets.ts';
import { retailSchema } from '../app/served-schema.ts';
import { drainStdio } from '../app/stdio-drain.ts';
import { createTelemetry } from '../app/telemetry.ts';
import { startTelemetryExport } from '../app/telemetry-export.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { fixedPrincipal } from '../identity/fixed-principal.ts';
import { noteOwnStatements } from '../postgres/noted-statements.ts';
import { refuseUnsafeRoles } from '../postgres/privilege-check.ts';
import { createMemoryRateStore } from '../resilience/memory-rate-store.ts';
import type { RateStore } from '../resilience/rate-limiter.ts';
import { fewerWorkers } from '../scaling/local-workers.ts';
import { createHistory } from '../telemetry/history.ts';
import { exitCodes } from './exit-code.ts';
import { openToldDatabase } from './open-database.ts';
import { openLog } from './open-log.ts';
import { stoppable, untilStopped } from './stoppable.ts';
import { readVersion } from './version.ts';

export interface ServeFlags {
  readonly transport: 'stdio' | 'http';
  readonly port?: number;
  readonly role?: string;
  readonly store: readonly string[];
  readonly region: readonly string[];
}

const served = retailSchema;
const clock = systemClock;
/** What a client that has closed its end may still wait for an answer, and what a stop leaves to running queries. */
const answerWaitMs = { ended: 5_000, stopped: 20_000 };
/** Longer than proxies keep an idle connection (docs/how-to/scale-out.md): then none of their requests meets its closing. */
const partingMs = 5_000;

export async function serve(flags: ServeFlags): Promise<number> {
  return stoppable((stop) => (flags.transport === 'http' ? serveOverHttp(flags, stop) : serveOverStdio(flags, stop)));
}

/** What a process has of several that share the work. */
interface Part {
  /** To the person who starts the server, what one should say for all. */
  readonly tells: boolean;
  readonly rates?: RateStore;
  /** Asks all of them. */
  readonly gather: (own: OwnAnswer) => Gather;
}
const onItsOwn: Part = { tells: true, gather: gatherAlone };

/** Everything before the first call: keys, database, walls, parts. Under stdio nothing of it may touch stdout. */
async function start(config: Config, logLine: Note, stop: AbortSignal, { tells, rates, gather }: Part = onItsOwn) {
  const telemetry = createTelemetry({ clock, withContent: config.traceContent });
  const log: Note = (observation) => {
    logLine(observation);
    telemetry.note(observation);
  };
  const plugins = await loadPlugins(config.pluginsDir);
  const keys = await openKeys(config, log);
  // Loading the protocol's packages takes as long as opening a database: both at once.
  const opening = openToldDatabase(config, { key: keys.scopeKey(), signal: stop });
  const loading = Promise.all([
    import('../app/compose.ts'),
    import('../app/audit-trail.ts'),
    import('../app/answer-cache.ts'),
    import('../app/task-place.ts'),
    import('../app/operators.ts'),
    import('../app/read-replicas.ts'),
    import('../app/pool-sizing.ts'),
    import('../cost/usage-ledger.ts'),
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
  const close = () => closeInOrder(toClose);
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
    const embedder = await openEmbedder(config, clock, log);
    toClose.unshift(async () => embedder?.close());
    const signingKey = keys.scopeKey;
    const { remember, onTableChange } = cache;
    const tasks = taskPlace({ config, redis, ring: keys.encryptionKeys, note });
    const composition = await compose({
      config,
      served,
      database,
      signingKey,
      version,
      note,
      admitAudited,
      redis,
      rates,
      embedder,
      plugins,
      remember,
      onTableChange,
      ...(tasks && { tasks }),
      clock,
    });
    const dashboard = { ring: keys.encryptionKeys, history, cache: cache.statistics, version, clock };
    const operators = await openOperators({
      ...{ config, served, telemetry, composition, database, embedder, gather, clock, note },
      ...{ cache: cache.statistics, auditEvents: trail.written },
    });
    const alerts = {
      ...{ config, served, database, tenants: composition.tenants, signingKey, callers, clock, note },
      ...{ health: operators.health, sampler: telemetry.sampler, readings: telemetry.readings },
    };
    const parts = { composition, database, dashboard, operators, telemetry, redis, alerts };
    return { ...parts, opened, keys, embedder, serverName, version, note, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function serveOverHttp({ port }: ServeFlags, stop: AbortSignal): Promise<number> {
  const loaded = loadConfig({ serving: 'http' });
  const config = port === undefined ? loaded : { ...loaded, port };
  const log = openLog(config, clock);
  const oneProcess = config.serverWorkers === 1 && config.autoscale !== 'workers';
  return oneProcess ? serveHttpHere(config, log, stop) : serveHttpByWorkers(config, log, stop);
}

/** In the primary: as many workers as are set. In a worker: its part of the work. */
async function serveHttpByWorkers(config: Config, log: Note, stop: AbortSignal): Promise<number> {
  const { freePort, numbered, runServerWorkers, underPrimary, workerNumber } = await import('../app/server-workers.ts');
  const worker = workerNumber();
  if (worker !== undefined) {
    const { createPrimaryRateStore } = await import('../app/primary-rates.ts');
    const { createWorkerGather } = await import('../app/gather-workers.ts');
    const shared = { tells: worker === 1, rates: createPrimaryRateStore(), gather: createWorkerGather };
    return underPrimary(stop, (ending) => serveHttpHere(config, numbered(log, worker), ending, shared));
  }
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const { logFile, serverWorkers, autoscale, autoscaleMin } = config;
  const [{ createPrimaryTelemetry }, { openPrivateMetrics }] = await Promise.all([
    import('../app/server-telemetry.ts'),
    import('../app/operators.ts'),
  ]);
  const scaling = autoscale === 'workers' ? await scaledWorkers(config, log) : undefined;
  const primary = createPrimaryTelemetry(scaling?.desired);
  const metrics = await openPrivateMetrics(config, primary.samples);
  return runServerWorkers({
    count: scaling === undefined ? serverWorkers : Math.max(serverWorkers, autoscaleMin),
    ...(scaling && { onStarted: scaling.onStarted }),
    args: ['serve', '--transport', 'http', '--port', String(port)],
    // A log file that rotates has one writer.
    envOf: (place) => ({
      ...(logFile !== undefined && { LOG_FILE: `${logFile}.worker-${place}` }),
      // One of them is enough to run what is due.
      ...(place > 1 && { SCHEDULES: 'false' }),
    }),
    ...{ stop, clock, note: log, rates: createMemoryRateStore({ clock }) },
    onWorker(worker) {
      primary.serve(worker);
      scaling?.onWorker(worker);
    },
  }).finally(() => Promise.all([metrics?.close(1000), scaling?.close()]));
}

async function scaledWorkers(config: Config, note: Note) {
  const [{ scaleWorkers }, { mostWorkers }] = await Promise.all([
    import('../app/autoscaling.ts'),
    import('../config/process-count.ts'),
  ]);
  return scaleWorkers({ config, max: mostWorkers(config), clock, note });
}

async function serveHttpHere(config: Config, log: Note, stop: AbortSignal, part: Part = onItsOwn): Promise<number> {
  const trusted = await trustedIssuer(config, clock, log);
  const loading = Promise.all([
    import('../app/serve-http.ts'),
    import('./demo-snippets.ts'),
    import('../app/search-upkeep.ts'),
    import('../app/operators.ts'),
    import('../app/autoscaling.ts'),
    import('../app/start-schedules.ts'),
    import('../app/alerting.ts'),
    import('../app/alert-looks.ts'),
  ]);
  const started = await start(config, log, stop, part);
  const { database, opened, keys, embedder, composition, operators, telemetry, redis, serverName, version, note, close } =
    started;
  const toClose = [close];
  let graceMs = 0;
  try {
    const [{ serveHttp }, { demoSnippets }, { startSearchUpkeep }, { openPrivateMetrics }, { startScaling }, ...more] =
      await loading;
    const [{ startSchedules }, { startAlerting }, { alertFactsOf }] = more;
    const { definition } = served;
    const unsafe = new AbortController();
    const onIsolationBroken = () => unsafe.abort(new AppError('internal', '', { cause: 'a proof of isolation that failed' }));
    const alerting = startAlerting({
      ...started.alerts,
      facts: alertFactsOf(started.alerts),
      onIsolationBroken,
    });
    toClose.unshift(alerting.close);
    const dashboard = { ...started.dashboard, alerts: alerting.view };
    const parts = { composition, database, trusted, dashboard, operators };
    const http = await serveHttp({ config, definition, ...parts, serverName, note });
    toClose.unshift(() => http.close(answerWaitMs.stopped - graceMs, graceMs));
    const metrics = part === onItsOwn ? await openPrivateMetrics(config, operators.samples) : undefined;
    toClose.unshift(async () => metrics?.close(1000));
    const scaling = startScaling({ config, database, redis, clock, note });
    telemetry.watchScaling(scaling.desired);
    toClose.unshift(scaling.close);
    note({ kind: 'server_started', transport: 'http', version, address: http.url });
    const upkeep = startSearchUpkeep({ served, opened, embedder, warmUp: composition.warmUp, note });
    toClose.unshift(upkeep.close);
    if (config.devIssuer && part.tells)
      process.stderr.write(await demoSnippets(config, http.url, await composition.tenants(), clock));
    const lasting = opened.notice === undefined;
    toClose.unshift(startSchedules({ config, served, opened, database, keys, embedder, clock, note, lasting }).close);
    toClose.unshift(watchIsolation(database, onIsolationBroken).close);
    const reason = await untilStopped(AbortSignal.any([stop, unsafe.signal]));
    // New connections go to others meanwhile.
    if (reason === fewerWorkers || config.trustProxy > 0) graceMs = partingMs;
    await closeInOrder(toClose);
    note({ kind: 'server_stopped', reason });
    return unsafe.signal.aborted ? exitCodes.failed : exitCodes.done;
  } catch (error) {
    await closeInOrder(toClose);
    throw error;
  }
}

async function serveOverStdio({ role, store, region }: ServeFlags, stop: AbortSignal): Promise<number> {
  const config = loadConfig({ serving: 'stdio' });
  const { database, composition, version, note, close } = await start(config, openLog(config, clock), stop);
  const drain = drainStdio(process);
  try {
    const principal = fixedPrincipal({
      role: roleOf(role, database.kind),
      tenantNames: store,
      groupNames: region,
      directory: await composition.tenants(),
      rules: served.definition,
    });
    const stdio = composition.mcp.stdio(principal, drain.streams);
    note({ kind: 'server_started', transport: 'stdio', version });
    const ended = Promise.race([drain.ended, stdio.closed]).then(() => 'the client has gone');
    const reason = await Promise.race([ended, untilStopped(stop)]);
    const waitMs = stop.aborted ? answerWaitMs.stopped : answerWaitMs.ended;
    await closeInOrder([() => drain.idle(waitMs), () => stdio.close()]);
    note({ kind: 'server_stopped', reason });
    return exitCodes.done;
  } finally {
    drain.release();
    await close();
  }
}

/** Whoever starts the process is the caller. Only the demonstration data may be had without saying who. */
function roleOf(role: string | undefined, kind: 'postgresql' | 'embedded'): string {
  if (role !== undefined) return role;
  if (kind === 'embedded') return 'super_admin';
  throw new AppError('forbidden', 'On a real database the stdio transport must be told whose eyes it has', {
    hint: 'Add --role store_manager --store <name>, --role regional_manager --region <name> or --role super_admin.',
  });
}
