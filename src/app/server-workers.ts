import cluster, { type Worker } from 'node:cluster';
import { once, setMaxListeners } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note, Observation } from '../core/observation.ts';
import type { RateStore } from '../resilience/rate-limiter.ts';
import { fewerWorkers, type WorkerCount } from '../scaling/local-workers.ts';
import { answerTakes } from './primary-rates.ts';

/** A worker that lives this long has started well: its death is not counted with those before. */
const settledMs = 30_000;
const mostEarlyDeaths = 5;
/** More than a worker takes for its last answers and for closing, so that the primary need not cut anyone off. */
const patienceMs = 30_000;

/** What the primary tells a worker. */
interface StopRequest {
  readonly stop: string;
}
/** What a worker tells the primary once it hears: what came before is lost, since node:cluster listens, too. */
const hearing = 'hearing';

/** How a worker has ended. */
interface Death {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ServerWorkersOptions {
  /** At the start. */
  readonly count: number;
  /** The command line of a worker, after the program's file. */
  readonly args: readonly string[];
  /** File of the program. Default: the one that runs. */
  readonly exec?: string;
  /** Variables that differ between workers, by place: 1 and up, kept by a worker's successor. */
  readonly envOf?: (place: number) => Readonly<Record<string, string>>;
  /** Its reason's `cause` says who asked to stop. */
  readonly stop: AbortSignal;
  readonly clock: Clock;
  readonly note: Note;
  /** Where the workers count together. */
  readonly rates: RateStore;
  /** Told of each one that is begun. */
  readonly onWorker?: (worker: Worker) => void;
  /** Given the number of workers in hand, once the first one listens. */
  readonly onStarted?: (workers: WorkerCount) => void;
  readonly patienceMs?: number;
}

/** Milliseconds until a worker is started again, or undefined: it is no use, the program itself cannot run. */
export function createRestartPolicy() {
  let early = 0;
  return {
    afterDeath(livedMs: number): number | undefined {
      early = livedMs < settledMs ? early + 1 : 0;
      return early >= mostEarlyDeaths ? undefined : early === 0 ? 0 : 100 * 4 ** (early - 1);
    },
  };
}

/**
 * Runs `count` processes that share one port, and starts the ones that die again. Resolves with the exit code: 0 once they have
 * been asked to stop and have ended, 1 when they keep dying; or the first one's own when that cannot start, since the others
 * would only say the same.
 */
export async function runServerWorkers(options: ServerWorkersOptions): Promise<number> {
  const { count, args, exec, envOf, stop, clock, note, rates, onWorker, onStarted, patienceMs: patience = patienceMs } = options;
  // Workers accept by themselves. In turn, by the primary's hand, a connection that is on its way to a worker that dies would
  // never be closed, and its client would wait for ever; and a busy worker would get as many as an idle one.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ args: [...args], ...(exec !== undefined && { exec }) });
  const failed = new AbortController();
  const ending = AbortSignal.any([stop, failed.signal]);
  setMaxListeners(0, ending);
  const begin = (place: number, over: AbortSignal) => {
    const worker = cluster.fork(envOf?.(place));
    answerTakes(worker, rates);
    onWorker?.(worker);
    return { worker, startedAt: clock.monotonic(), death: untilDead(worker, over, patience) };
  };

  /** Keeps one place filled until it is over. */
  const keep = async (place: number, over: AbortSignal, from = begin(place, over)): Promise<void> => {
    const policy = createRestartPolicy();
    for (let current = from; ; current = begin(place, over)) {
      const death = await current.death;
      if (over.aborted) return;
      const delayMs = policy.afterDeath(clock.monotonic() - current.startedAt);
      note({ kind: 'fault_met', where: 'server workers', error: deathOf(current.worker, death, delayMs) });
      if (delayMs === undefined) failed.abort(new AppError('internal', '', { cause: 'the workers keep dying' }));
      else await delay(delayMs, undefined, { signal: over }).catch(() => {});
      if (over.aborted) return;
    }
  };

  if (stop.aborted) return 0;
  const places = createPlaces(ending, keep);
  const first = places.prepare();
  const born = begin(1, first.over);
  const listening = once(born.worker, 'listening', { signal: ending }).then(
    () => undefined,
    () => undefined,
  );
  const unborn = await Promise.race([born.death, listening]);
  if (unborn !== undefined && !ending.aborted) return unborn.code ?? 1;
  // While the first one starts, nobody else makes keys or writes what the last run left: they find it done.
  first.open(born);
  places.set(count);
  onStarted?.(places);
  await places.empty();
  return failed.signal.aborted ? 1 : 0;
}

/** Places that are kept filled. One that is given up stays taken until its worker has ended: its log file has one writer. */
function createPlaces<B>(ending: AbortSignal, keep: (place: number, over: AbortSignal, from?: B) => Promise<void>) {
  const taken = new Map<number, { readonly leave: AbortController; readonly kept: Promise<void> }>();
  const staying = () => [...taken].filter(([, { leave }]) => !leave.signal.aborted);
  const prepare = () => {
    const leave = new AbortController();
    const over = AbortSignal.any([ending, leave.signal]);
    setMaxListeners(0, over);
    return {
      over,
      open(from?: B): void {
        let place = 1;
        while (taken.has(place)) place += 1;
        taken.set(place, { leave, kept: keep(place, over, from).finally(() => taken.delete(place)) });
      },
    };
  };
  return {
    prepare,
    get: () => staying().length,
    set(count: number): void {
      if (ending.aborted) return;
      for (let missing = count - staying().length; missing > 0; missing -= 1) prepare().open();
      const last = staying().sort(([a], [b]) => b - a);
      for (const [, { leave }] of last.slice(0, Math.max(0, staying().length - Math.max(1, count)))) {
        leave.abort(new AppError('dependency_unavailable', `Stopped by ${fewerWorkers}`, { cause: fewerWorkers }));
      }
    },
    async empty(): Promise<void> {
      while (taken.size > 0) await Promise.all([...taken.values()].map(({ kept }) => kept));
    },
  };
}

async function untilDead(worker: Worker, ending: AbortSignal, patience: number): Promise<Death> {
  let lastResort: NodeJS.Timeout | undefined;
  const ask = () => {
    const request: StopRequest = { stop: String((ending.reason as Error).cause) };
    // One that dies at this moment cannot be told: that is no failure.
    worker.send(request, () => {});
    lastResort ??= setTimeout(() => worker.process.kill('SIGKILL'), patience);
  };
  ending.addEventListener('abort', ask, { once: true });
  worker.on('message', (message) => message === hearing && ending.aborted && ask());
  const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null];
  ending.removeEventListener('abort', ask);
  clearTimeout(lastResort);
  return { code, signal };
}

function deathOf(worker: Worker, { code, signal }: Death, delayMs: number | undefined): Error {
  const next = delayMs === undefined ? 'the workers keep dying, so the server stops' : 'another one takes its place';
  return new Error(`Worker ${worker.id} has ended (${signal ?? `exit code ${code}`}): ${next}`);
}

/** For port 0: workers come and go, and must find the port of the others. Again 0 where the host is none: a worker says so. */
export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  const found = await once(server, 'listening').catch(() => undefined);
  if (found === undefined) return 0;
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Number of this worker since the primary started; a successor has another one. Undefined in a process of its own. */
export function workerNumber(): number | undefined {
  return cluster.worker?.id;
}

/** The end of the channel that a worker has; its `process`. */
export interface PrimaryChannel {
  on(event: 'message' | 'disconnect', listener: (message: Partial<StopRequest>) => void): unknown;
  off(event: 'message' | 'disconnect', listener: (message: Partial<StopRequest>) => void): unknown;
  readonly connected: boolean;
  send?(message: string): unknown;
  disconnect?(): void;
}

/** Runs a worker's work, which ends in good order when the primary says so, and when the primary is gone. */
export async function underPrimary<T>(
  stop: AbortSignal,
  work: (stop: AbortSignal) => Promise<T>,
  channel: PrimaryChannel = process as PrimaryChannel,
): Promise<T> {
  // Otherwise node:cluster ends the process itself, in the middle of its answers, when the channel closes.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  const asked = new AbortController();
  const abort = (by: string) => asked.abort(new AppError('dependency_unavailable', `Stopped by ${by}`, { cause: by }));
  const onMessage = ({ stop: by }: Partial<StopRequest>) => by !== undefined && abort(by);
  const onDisconnect = () => abort('the end of the primary process');
  channel.on('message', onMessage);
  channel.on('disconnect', onDisconnect);
  channel.send?.(hearing);
  try {
    return await work(AbortSignal.any([stop, asked.signal]));
  } finally {
    channel.off('message', onMessage);
    channel.off('disconnect', onDisconnect);
    // An open channel would keep the process alive.
    if (channel.connected) channel.disconnect?.();
  }
}

/** Log lines of several processes come in one stream. */
export function numbered(log: Note, worker: number): Note {
  return (observation) => {
    const line: Observation & { readonly worker: number } = { ...observation, worker };
    log(line);
  };
}
