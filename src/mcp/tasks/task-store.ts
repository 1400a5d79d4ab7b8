import type { TaskRecord } from './task.ts';

/** Where processes that share the work find each other's tasks. A call rejects when the store is away. */
export interface TaskStore {
  put(key: string, record: TaskRecord, ttlMs: number): Promise<void>;
  get(key: string): Promise<TaskRecord | undefined>;
  /** For the process that runs the task. */
  askToCancel(key: string, ttlMs: number): Promise<void>;
  /** Of these, the ones that somebody asked to cancel. */
  toCancel(keys: readonly string[]): Promise<readonly string[]>;
}
