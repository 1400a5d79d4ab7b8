import type { AlertPace } from '../alerts/pace.ts';
import { trustedIssuer } from '../app/adapters.ts';
import type { Close } from '../app/lifecycle.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { createMemoryRateStore } from '../resilience/memory-rate-store.ts';
import { fewerWorkers } from '../scaling/local-workers.ts';
import { exitCodes } from './exit-code.ts';
import { openLog } from './open-log.ts';
import { clock, onItsOwn, type Part, startServer, stopWaitMs } from './start-server.ts';
import { untilStopped } from './stoppable.ts';

/** Longer than proxies keep an idle connection (docs/how-to/scale-out.md): then none of their requests meets its closing. */
const partingMs = 5_000;

export interface HttpServing {
  readonly port?: number | undefined;
  /** Of a trial run, by code: no flag and no setting changes it. */
  readonly alertPace?: AlertPace | undefined;
}

export async function serveOverHttp({ port, alertPace }: HttpServing, stop: AbortSignal): Promise<number> {
  const loaded = loadConfig({ serving: 'http' });
  const config = port === undefined ? loaded : { ...loaded, port };
  const log = openLog(config, clock);
  const oneProcess = config.serverWorkers === 1 && config.autoscale !== 'workers';
  return oneProcess ? serveHttpHere(config, log, stop, onItsOwn, alertPace) : serveHttpByWorkers(config, log, stop);
}

/** In the primary: as many workers as are set. In a worker: its part of the work. */
async function serveHttpByWorkers(config: Config, log: Note, stop: AbortSignal): Promise<number> {
  const { freePort, numbered, runServerWorkers, underPrimary, workerNumber } = await import('../app/server-workers.ts');
  const worker = workerNumber();
  if (worker !== undefined) {
    const { createPrimaryRateStore } = await import('../app/primary-rates.ts');
    const { createWorkerGather } = await import('../app/telemetry/gather-workers.ts');
    const shared = { tells: worker === 1, rates: createPrimaryRateStore(), gather: createWorkerGather };
    return underPrimary(stop, (ending) => serveHttpHere(config, numbered(log, worker), ending, shared));
  }
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const { logFile, serverWorkers, autoscale, autoscaleMin } = config;
  const [{ createPrimaryTelemetry }, { openPrivateMetrics }] = await Promise.all([
    import('../app/telemetry/server-telemetry.ts'),
    import('../app/telemetry/operators.ts'),
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

async function serveHttpHere(
  config: Config,
  log: Note,
  stop: AbortSignal,
  part: Part = onItsOwn,
  pace?: AlertPace,
): Promise<number> {
  const trusted = await trustedIssuer(config, clock, log);
  const loading = Promise.all([
    import('../app/serve-http.ts'),
    import('./demo-snippets.ts'),
    import('../app/search-upkeep.ts'),
    import('../app/telemetry/operators.ts'),
    import('../app/autoscaling.ts'),
    import('../app/schedules/start-schedules.ts'),
    import('../app/alerting/alerting.ts'),
    import('../app/alerting/alert-looks.ts'),
    import('../app/telemetry/upkeep-gauges.ts'),
  ]);
  const started = await startServer(config, log, stop, part);
  const { served, database, opened, keys, embedder, composition, operators, telemetry, redis } = started;
  const { serverName, version, note, closeParts, close } = started;
  const toClose: (Close | Close[])[] = [close];
  let graceMs = 0;
  try {
    const [{ serveHttp }, { demoSnippets }, { startSearchUpkeep }, { openPrivateMetrics }, { startScaling }, ...more] =
      await loading;
    const [{ startSchedules }, { heartbeatsOn, startAlerting }, { alertFactsOf }, { startUpkeepGauges }] = more;
    const { definition } = served;
    const unsafe = new AbortController();
    const onIsolationBroken = () => unsafe.abort(new AppError('internal', '', { cause: 'a proof of isolation that failed' }));
    const watched = { ...started.alerts, heartbeats: heartbeatsOn(database, { clock, pace }), pace };
    const alerting = startAlerting({ ...watched, facts: alertFactsOf(watched), onIsolationBroken });
    toClose.unshift(alerting.close);
    const dashboard = { ...started.dashboard, alerts: alerting.view };
    const parts = { composition, database, trusted, dashboard, operators };
    const http = await serveHttp({ config, definition, ...parts, serverName, note });
    // What runs in the background is told to stop while callers get their last answers.
    const atOnce: Close[] = [() => http.close(stopWaitMs - graceMs, graceMs)];
    toClose.unshift(atOnce);
    const metrics = part === onItsOwn ? await openPrivateMetrics(config, operators.samples) : undefined;
    toClose.unshift(async () => metrics?.close(1000));
    const scaling = startScaling({ config, database, redis, clock, note });
    telemetry.watchScaling(scaling.desired);
    toClose.unshift(scaling.close);
    note({ kind: 'server_started', transport: 'http', version, address: http.url });
    const upkeep = startSearchUpkeep({ served, opened, embedder, warmUp: composition.warmUp, note });
    toClose.unshift(upkeep.close);
    if (config.devIssuer && part.tells)
      process.stderr.write(
        await demoSnippets({ config, definition, url: http.url, tenants: await composition.tenants(), clock }),
      );
    const lasting = opened.notice === undefined;
    const noteJobs: Note = (observation) => {
      note(observation);
      // What a job of this process has found need not wait for the next turn.
      if (observation.kind === 'job_ended') void alerting.evaluate();
    };
    atOnce.push(startSchedules({ config, served, opened, database, keys, embedder, clock, note: noteJobs, lasting }).close);
    atOnce.push(startUpkeepGauges({ config, database, store: telemetry.store, clock, note }).close);
    const reason = await untilStopped(AbortSignal.any([stop, unsafe.signal]));
    // New connections go to others meanwhile.
    if (reason === fewerWorkers || config.trustProxy > 0) graceMs = partingMs;
    await closeParts(toClose);
    note({ kind: 'server_stopped', reason });
    return unsafe.signal.aborted ? exitCodes.failed : exitCodes.done;
  } catch (error) {
    await closeParts(toClose);
    throw error;
  }
}
