import type { Clock } from '../../core/clock.ts';
import type { TaskRecord } from './task.ts';
import type { TaskStore } from './task-store.ts';

export interface TaskLimits {
  /** Of one caller in this process. */
  readonly maxRunning?: number;
  /** The same, answers that are kept included. */
  readonly maxKept?: number;
  /** Of all callers in this process. */
  readonly maxTotal?: number;
  /** Of all answers that are kept in this process. */
  readonly maxBytes?: number;
}

export interface KeptTasksOptions extends TaskLimits {
  readonly store?: TaskStore | undefined;
  readonly clock: Clock;
  readonly ttlMs: number;
  /** The store took something, or did not. */
  readonly onStore: (error?: unknown) => void;
}

export interface KeptTask {
  readonly key: string;
  readonly subject: string;
  readonly cancel: () => void;
  readonly expires: NodeJS.Timeout;
  record: TaskRecord;
  /** Whether the store has what the record says. */
  stored: boolean;
}

/** The tasks of this process, and the store's copy of each. */
export function createKeptTasks({ store, clock, ttlMs, onStore, ...limits }: KeptTasksOptions) {
  const { maxRunning = 4, maxKept = 16, maxTotal = 256, maxBytes = 64 * 1024 * 1024 } = limits;
  const tasks = new Map<string, KeptTask>();
  /** Those that the store alone keeps: they take its room until they expire. */
  const handedOver = new Map<string, { readonly subject: string; readonly bytes: number }>();
  const left = ({ createdAt }: TaskRecord) => createdAt + ttlMs - clock.now();

  const drop = (task: KeptTask) => {
    clearTimeout(task.expires);
    tasks.delete(task.key);
  };
  const handOver = (task: KeptTask) => {
    drop(task);
    handedOver.set(task.key, { subject: task.subject, bytes: sizeOf(task.record) });
    setTimeout(() => handedOver.delete(task.key), left(task.record)).unref();
  };
  const save = async (task: KeptTask): Promise<void> => {
    const { record } = task;
    try {
      await store?.put(task.key, record, left(record));
      task.stored = task.record === record;
      onStore();
      // The others have it, and so has this process through them.
      if (store !== undefined && task.stored && record.status !== 'working') handOver(task);
    } catch (error) {
      task.stored = false;
      onStore(error);
    }
  };

  return {
    left,
    drop,
    save,
    all: () => [...tasks.values()],
    find: (key: string) => tasks.get(key),
    hasPlace(subject: string): boolean {
      const here = [...tasks.values()];
      const running = here.filter((task) => task.subject === subject && task.record.status === 'working').length;
      const all = [...here.map((task) => ({ subject: task.subject, bytes: sizeOf(task.record) })), ...handedOver.values()];
      const own = all.filter((task) => task.subject === subject).length;
      const bytes = all.reduce((sum, task) => sum + task.bytes, 0);
      return running < maxRunning && own < maxKept && all.length < maxTotal && bytes < maxBytes;
    },
    /** Until the task expires, whatever it is then. */
    async keep(task: Omit<KeptTask, 'expires' | 'stored'>): Promise<KeptTask> {
      const expire = () => {
        task.cancel();
        tasks.delete(task.key);
      };
      const kept = { ...task, stored: false, expires: setTimeout(expire, ttlMs).unref() };
      tasks.set(task.key, kept);
      await save(kept);
      return kept;
    },
    /** A task that has ended stays as it is. */
    async settle(task: KeptTask, change: Partial<TaskRecord>): Promise<void> {
      if (task.record.status !== 'working') return;
      const { leaseUntil: _, ...record } = task.record;
      task.record = { ...record, ...change, updatedAt: clock.now() };
      await save(task);
    },
  };
}

const sizeOf = ({ answer }: TaskRecord): number =>
  answer === undefined ? 0 : answer.text.length + (answer.structuredJson?.length ?? 0);
