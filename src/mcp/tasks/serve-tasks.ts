import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { askerOf, type Note } from '../../core/observation.ts';
import type { Principal } from '../../core/principal.ts';
import { toProtocolError } from '../protocol-error.ts';
import type { RawJson } from '../raw-json.ts';
import { resultMembers } from '../tool-result.ts';
import { lostCall, type TaskRecord, taskMembers, tasksExtension } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface ServeTasksOptions {
  readonly tasks: Tasks;
  readonly principal: Principal;
  readonly requestId: string;
  readonly raw: RawJson;
  readonly note: Note;
}

const params = z.looseObject({ taskId: z.string().max(200) });

type Method = 'tasks/get' | 'tasks/update' | 'tasks/cancel';

/** The three methods of the extension. Fetching an answer, cancelling, and asking for what one does not have are put on record. */
export function serveTasks(server: Server, { tasks, principal, requestId, raw, note }: ServeTasksOptions): void {
  const told = (method: Method, task: TaskRecord | undefined) =>
    note({
      kind: 'task_asked',
      requestId,
      ...askerOf(principal),
      method,
      ...(task === undefined ? { outcome: 'refused', code: 'not_found' } : { outcome: 'answered', callId: task.callId }),
    });
  const answering = async <T>(
    method: Method,
    { mcpReq }: ServerContext,
    find: () => Promise<TaskRecord | undefined>,
    answer: (task: TaskRecord) => T,
    isTold: (task: TaskRecord) => boolean = () => true,
  ): Promise<T> => {
    mustTakeTasks(mcpReq.envelope);
    try {
      const task = await find();
      if (task === undefined || isTold(task)) told(method, task);
      if (task === undefined) throw unknownTask();
      return answer(task);
    } catch (error) {
      if (!(error instanceof AppError) || error.cause !== undefined) note({ kind: 'fault_met', requestId, where: method, error });
      throw toProtocolError(error, requestId);
    }
  };

  server.setRequestHandler('tasks/get', { params }, ({ taskId }, context) =>
    answering(
      'tasks/get',
      context,
      () => tasks.get(principal, taskId),
      (task) => ({
        ...taskMembers(taskId, task, tasks.ttlMs),
        ...(task.answer === undefined ? {} : { result: raw.object(`{${resultMembers(task.answer)}}`) }),
        ...(task.status === 'failed' ? { error: lostCall, statusMessage: lostCall.message } : {}),
      }),
      ({ status }) => status === 'completed',
    ),
  );
  // No tool asks its caller anything, so there is nothing that could be answered.
  server.setRequestHandler('tasks/update', { params }, ({ taskId }, context) =>
    answering(
      'tasks/update',
      context,
      () => tasks.get(principal, taskId),
      () => ({}),
    ),
  );
  server.setRequestHandler('tasks/cancel', { params }, ({ taskId }, context) =>
    answering(
      'tasks/cancel',
      context,
      () => tasks.cancel(principal, taskId),
      () => ({}),
    ),
  );
}

/** Whether the request itself says that its client takes tasks: earlier ones do not count. */
export function takesTasks(meta: unknown): boolean {
  const capabilities = member(meta, CLIENT_CAPABILITIES_META_KEY);
  return typeof member(member(capabilities, 'extensions'), tasksExtension) === 'object';
}

function mustTakeTasks(envelope: unknown): void {
  if (takesTasks(envelope)) return;
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } });
}

/** One answer for a handle that never was, has expired, or is somebody else's. */
function unknownTask(): AppError {
  return new AppError('not_found', 'There is no such task of yours, or it has expired', {
    hint: 'A task belongs to the caller who started it, with the same permissions and scope. Call the tool again.',
  });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
