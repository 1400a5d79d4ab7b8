import { Worker } from 'node:worker_threads';
import { AppError } from '../core/errors.ts';
import { packageRoot } from '../core/package-root.ts';
import type { BindValue, Database, OwnerSession, TenantResult, TenantStatement, TextRow } from './database.ts';
import type { EmbeddedSession, EmbeddedSessionOptions } from './embedded-session.ts';
import type { WorkerReply, WorkerRequest } from './embedded-worker.ts';
import { createFairQueue } from './fair-queue.ts';
import { fromOwnStatement, fromPostgres, isPostgresError } from './sqlstate.ts';

// Node 20 cannot run TypeScript in a worker, so a checkout's tests use the built file.
const workerFile = new URL('dist/postgres/embedded-worker.js', packageRoot);

export interface EmbeddedDatabaseOptions extends EmbeddedSessionOptions {
  readonly useScopeFunction: string;
  /** Login of the server's own statements, for example `zava_server`. */
  readonly serverRole: string;
  /** Role of a reader suffix, for example `zava_reader_costs`. */
  readonly readerRole: (suffix: string) => string;
  /** Of the server's own statements. */
  readonly timeoutMs?: number;
}

export interface EmbeddedDatabase extends Database {
  /** A session as `role` (null: the superuser). It shares the one connection, so nothing is served meanwhile. */
  session(role: string | null): OwnerSession;
  dump(): Promise<Uint8Array>;
}

/**
 * PostgreSQL in a worker thread. A cluster in memory is opened anew from its template, so it must be given one that holds what
 * matters. A statement past its deadline costs the worker: it is ended and opened anew; the main thread never waits.
 */
export async function openEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  let opening = startWorker(options);
  let closed = false;
  await opening;
  // Less than a scope token lives: what waited longer could only fail.
  const queue = createFairQueue({ slots: 1, queueLimit: 200, queueLimitPerKey: 100, timeoutMs: 20_000 });

  /** At once, so that the next caller waits as little as may be; a failure is met, and tried again, by that caller. */
  const reopen = (handle: WorkerHandle) => {
    opening = handle.worker.terminate().then(() => startWorker(options));
    opening.catch(() => {});
  };
  const openHandle = async (): Promise<WorkerHandle> => {
    if (closed) throw stopped();
    return opening.catch(() => {
      opening = startWorker(options);
      return opening;
    });
  };
  const call: Call = (method, args, limit) =>
    queue.run(limit.share ?? '', limit.signal, async () => {
      const handle = await openHandle();
      try {
        limit.signal?.throwIfAborted();
        return (await withDeadline(handle.call(method, args), limit)) as never;
      } catch (error) {
        if (limit.signal?.aborted && !(error instanceof AppError)) throw cancelled();
        // Past its deadline the worker still computes; and what PostgreSQL did not report itself broke the machine it runs on.
        if (!isPostgresError(error)) reopen(handle);
        throw method === 'runAsTenant' ? fromPostgres(error) : error;
      }
    });
  const timeoutMs = options.timeoutMs ?? 30_000;
  const [row] = await call('query', [null, "SELECT current_setting('server_version_num') AS version", []], { timeoutMs });

  return {
    kind: 'embedded',
    serverMajor: Math.floor(Number(row?.version) / 10_000),
    runAsTenant: ({ signal, ...statement }: TenantStatement): Promise<TenantResult> =>
      call('runAsTenant', [statement, options.useScopeFunction, options.readerRole(statement.reader)], {
        timeoutMs: statement.timeoutMs,
        share: statement.share,
        signal,
      }),
    query: (text: string, values: readonly BindValue[] = []): Promise<TextRow[]> =>
      call('query', [options.serverRole, text, values], { timeoutMs }).catch((error: unknown) => {
        throw fromOwnStatement(error);
      }),
    load: queue.load,
    waits: queue.waits,
    session: (role) => createSession(role, call),
    dump: () => call('dump', [], {}),
    close: async () => {
      await call('close', [], { timeoutMs: 10_000 }).catch(() => {});
      closed = true;
      await opening.then((handle) => handle.worker.terminate()).catch(() => {});
    },
  };
}

interface CallLimit {
  readonly timeoutMs?: number;
  readonly share?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Answer<M extends keyof EmbeddedSession> = Awaited<ReturnType<EmbeddedSession[M]>>;
type Call = <M extends keyof EmbeddedSession>(
  method: M,
  args: Parameters<EmbeddedSession[M]>,
  limit: CallLimit,
) => Promise<Answer<M>>;

const rowsPerInsert = 5000;

function createSession(role: string | null, call: Call): OwnerSession {
  return {
    query: (text, values = []) => call('query', [role, text, values], {}),
    script: (text) => call('script', [role, text], {}),
    async copyRows(table, columns, rows) {
      let batch: (string | number | null)[][] = [];
      const flush = async () => {
        if (batch.length > 0) await call('insertRows', [role, table, columns, batch], {});
        batch = [];
      };
      for (const row of rows) {
        batch.push([...row]);
        if (batch.length >= rowsPerInsert) await flush();
      }
      await flush();
    },
    close: async () => {},
  };
}

interface WorkerHandle {
  readonly worker: Worker;
  call(method: keyof EmbeddedSession, args: readonly unknown[]): Promise<unknown>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

async function startWorker({ dataDir, template }: EmbeddedSessionOptions): Promise<WorkerHandle> {
  const worker = new Worker(workerFile, { workerData: { dataDir, template } satisfies EmbeddedSessionOptions });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  const failAll = (error: Error) => {
    for (const call of pending.values()) call.reject(error);
    pending.clear();
  };
  worker.on('message', (reply: WorkerReply) => {
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if ('failure' in reply) call?.reject(Object.assign(new Error(reply.failure.message), reply.failure.fields));
    else call?.resolve(reply.value);
  });
  let running = true;
  worker.on('error', failAll);
  worker.on('exit', () => {
    running = false;
    failAll(stopped());
  });
  const replyTo = (id: number) => new Promise<unknown>((resolve, reject) => pending.set(id, { resolve, reject }));

  await replyTo(0);
  // An idle database must not keep a finished command alive.
  worker.unref();
  return {
    worker,
    call(method, args) {
      if (!running) return Promise.reject(stopped());
      lastId += 1;
      // First, since it throws for what cannot cross a thread.
      worker.postMessage({ id: lastId, method, args } satisfies WorkerRequest);
      worker.ref();
      return replyTo(lastId).finally(() => worker.unref());
    },
  };
}

function withDeadline<T>(work: Promise<T>, { timeoutMs, signal }: CallLimit): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (message: string) =>
      reject(new AppError('query_timeout', message, { hint: 'Ask for less: a shorter period, fewer rows, an aggregate.' }));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop(`The query took longer than ${timeoutMs / 1000} s and was stopped`), timeoutMs);
    const onAbort = () => reject(cancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}

const cancelled = () => new AppError('query_timeout', 'The call was cancelled');
const stopped = () => new AppError('dependency_unavailable', 'The embedded database has stopped', { retryAfterMs: 5000 });
