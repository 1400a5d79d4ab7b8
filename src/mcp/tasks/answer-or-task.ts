import { setTimeout as delay } from 'node:timers/promises';
import type { Principal } from '../../core/principal.ts';
import type { ToolAnswer } from '../tool-result.ts';
import { type TaskRecord, taskMembers } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface AnswerOrTaskOptions {
  readonly tasks: Pick<Tasks, 'adopt' | 'ttlMs'>;
  /** A call that takes no longer is answered itself. */
  readonly afterMs?: number;
}

/** A call whose client takes a task in place of an answer. */
export interface TaskableCall {
  readonly principal: Principal;
  readonly requestId: string;
  /** Of the request: the client has gone. */
  readonly signal: AbortSignal;
  readonly run: (signal: AbortSignal) => Promise<ToolAnswer>;
}

/** The members of a `CreateTaskResult`. */
export type CreatedTask = { readonly resultType: 'task' } & ReturnType<typeof taskMembers>;

/** Answers a quick call, and gives a handle for a slow one: that much the server decides for each request by itself. */
export function createAnswerOrTask({ tasks, afterMs = 1000 }: AnswerOrTaskOptions) {
  return async ({ principal, requestId, signal, run }: TaskableCall): Promise<ToolAnswer | CreatedTask> => {
    const own = new AbortController();
    const cancel = () => own.abort();
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const answered = new AbortController();
    const answer = run(own.signal).finally(() => answered.abort());
    const slow = delay(afterMs, undefined, { signal: answered.signal }).catch(() => {});
    const quick = await Promise.race([answer, slow]);
    if (quick !== undefined) return quick;
    const task = await tasks.adopt({ principal, requestId, answer, cancel });
    // No place for a task: then the call is waited for, as for any other client.
    if (task === undefined) return answer;
    // From here on the client may go and come back.
    signal.removeEventListener('abort', cancel);
    return created(task, tasks.ttlMs);
  };
}
export type AnswerOrTask = ReturnType<typeof createAnswerOrTask>;

function created({ handle, record }: { handle: string; record: TaskRecord }, ttlMs: number): CreatedTask {
  return { resultType: 'task', ...taskMembers(handle, record, ttlMs) };
}

export const isCreatedTask = (answer: ToolAnswer | CreatedTask): answer is CreatedTask => 'taskId' in answer;
