import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Note } from '../../core/observation.ts';
import type { Principal } from '../../core/principal.ts';
import type { ToolAnswer } from '../tool-result.ts';
import { createKeptTasks, type KeptTask, type TaskLimits } from './kept-tasks.ts';
import type { TaskRecord } from './task.ts';
import { newHandle, taskKey } from './task-handle.ts';
import type { TaskStore } from './task-store.ts';

export interface TasksOptions extends TaskLimits {
  /** Present where other processes answer for this one's tasks, too. */
  readonly store?: TaskStore | undefined;
  readonly clock: Clock;
  readonly note: Note;
  /** From a task's creation on; long enough for the longest call and some time to fetch its answer. */
  readonly ttlMs: number;
  /** How often other processes' wishes are looked for. */
  readonly beatMs?: number;
}

/** A call under way whose request should end. */
export interface RunningCall {
  readonly principal: Principal;
  readonly requestId: string;
  readonly answer: Promise<ToolAnswer>;
  readonly cancel: () => void;
}

/** A lease outlives some beats that fail. */
const beatsOfLease = 40;
const beatsOfRenewal = 8;

/** Keeps calls that outlive their requests, for those who made them and nobody else. */
export function createTasks({ store, clock, note, ttlMs, beatMs = 250, ...limits }: TasksOptions) {
  let failing = false;
  const onStore = (error?: unknown) => {
    if (error !== undefined && !failing) note({ kind: 'fault_met', where: 'tasks', error });
    failing = error !== undefined;
  };
  const kept = createKeptTasks({ store, clock, ttlMs, onStore, ...limits });
  const leaseUntil = () => clock.now() + beatsOfLease * beatMs;

  const end = (task: KeptTask, status: 'cancelled' | 'failed'): Promise<void> => {
    const settled = kept.settle(task, { status });
    task.cancel();
    return settled;
  };
  const beat = store && createBeat({ store, kept, onStore, beatMs, leaseUntil, end: (task) => end(task, 'cancelled') });
  const find = async (key: string): Promise<TaskRecord | undefined> => {
    const task = kept.find(key);
    if (task !== undefined || store === undefined) return task?.record;
    try {
      const record = await store.get(key);
      const isLost = record?.status === 'working' && (record.leaseUntil ?? 0) < clock.now();
      return record !== undefined && isLost ? { ...record, status: 'failed' } : record;
    } catch (cause) {
      throw new AppError('dependency_unavailable', 'Tasks cannot be looked up at the moment', { retryAfterMs: 1000, cause });
    }
  };

  return {
    ttlMs,
    /** Makes a task of a call. Undefined, and nothing has changed, where the caller has too many or the store is away. */
    async adopt({
      principal,
      requestId,
      answer,
      cancel,
    }: RunningCall): Promise<{ handle: string; record: TaskRecord } | undefined> {
      if (!kept.hasPlace(principal.subject)) return undefined;
      const handle = newHandle();
      const now = clock.now();
      const lease = store && { leaseUntil: leaseUntil() };
      const record: TaskRecord = { status: 'working', callId: requestId, createdAt: now, updatedAt: now, ...lease };
      const task = await kept.keep({ key: taskKey(handle, principal), subject: principal.subject, cancel, record });
      if (!task.stored) {
        kept.drop(task);
        return undefined;
      }
      beat?.start();
      void answer.then(
        ({ reused: _, ...answer }) => kept.settle(task, { status: 'completed', answer }),
        () => kept.settle(task, { status: 'failed' }),
      );
      return { handle, record };
    },

    /** The task, if this caller has it. One whose process is gone has failed. */
    get: (principal: Principal, handle: string): Promise<TaskRecord | undefined> => find(taskKey(handle, principal)),

    /** Gives the task as it was. A finished one stays what it is. */
    async cancel(principal: Principal, handle: string): Promise<TaskRecord | undefined> {
      const key = taskKey(handle, principal);
      const record = await find(key);
      if (record?.status !== 'working') return record;
      const task = kept.find(key);
      if (task !== undefined) await end(task, 'cancelled');
      else await store?.askToCancel(key, kept.left(record));
      return record;
    },

    /** Ends what runs. Those who ask elsewhere hear that it has failed. */
    async close(): Promise<void> {
      beat?.stop();
      await Promise.all(kept.all().map((task) => end(task, 'failed')));
      for (const task of kept.all()) kept.drop(task);
    },
  };
}
export type Tasks = ReturnType<typeof createTasks>;

interface BeatOptions {
  readonly store: TaskStore;
  readonly kept: Pick<ReturnType<typeof createKeptTasks>, 'all' | 'save'>;
  readonly onStore: (error?: unknown) => void;
  readonly beatMs: number;
  readonly leaseUntil: () => number;
  readonly end: (task: KeptTask) => Promise<void>;
}

/** While there are tasks: looks for wishes of other processes, renews the leases, and brings the store what it has missed. */
function createBeat({ store, kept, onStore, beatMs, leaseUntil, end }: BeatOptions) {
  let timer: NodeJS.Timeout | undefined;
  let beats = 0;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const onBeat = async () => {
    if (kept.all().length === 0) return stop();
    beats += 1;
    const running = kept.all().filter(({ record }) => record.status === 'working');
    const unwanted = new Set(await store.toCancel(running.map(({ key }) => key)));
    for (const task of running) if (unwanted.has(task.key)) void end(task);
    if (beats % beatsOfRenewal !== 0) return;
    for (const task of kept.all()) {
      if (task.record.status === 'working') task.record = { ...task.record, leaseUntil: leaseUntil() };
      else if (task.stored) continue;
      void kept.save(task);
    }
  };
  return {
    start(): void {
      timer ??= setInterval(() => void onBeat().catch(onStore), beatMs).unref();
    },
    stop,
  };
}
