import type { ToolAnswer } from '../tool-result.ts';

/** https://github.com/modelcontextprotocol/ext-tasks, revision 2026-07-28. */
export const tasksExtension = 'io.modelcontextprotocol/tasks';

/** How often a client should ask. */
export const pollIntervalMs = 1000;

/** A call that outlived its request. Times in milliseconds since 1970. */
export interface TaskRecord {
  readonly status: 'working' | 'completed' | 'failed' | 'cancelled';
  /** Request id of the call, under which it is in the log and in the audit trail. */
  readonly callId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** While it works: until then its process has promised to be there. */
  readonly leaseUntil?: number;
  /** Of a completed task. */
  readonly answer?: ToolAnswer;
}

/** What every answer about a task says of it. */
export function taskMembers(handle: string, { status, createdAt, updatedAt }: TaskRecord, ttlMs: number) {
  const told = status === 'working' ? { statusMessage: 'The call is running', pollIntervalMs } : {};
  return {
    taskId: handle,
    status,
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(updatedAt).toISOString(),
    ttlMs,
    ...told,
  };
}

/** A process that ended took its running calls with it. A tool that fails has an answer, which says so. */
export const lostCall = { code: -32603, message: 'The call has ended without an answer: call again' } as const;
