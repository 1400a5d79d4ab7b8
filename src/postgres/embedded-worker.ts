import { parentPort, workerData } from 'node:worker_threads';
import { type EmbeddedSession, type EmbeddedSessionOptions, openEmbeddedSession } from './embedded-session.ts';

/** Thread body: opens the session, then answers one message after the other. The rest is in `embedded-session.ts`. */
export interface WorkerRequest {
  readonly id: number;
  readonly method: keyof EmbeddedSession;
  readonly args: readonly unknown[];
}

/** Errors lose their own fields when they cross a thread, so these travel as data. */
export interface WorkerFailure {
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: WorkerFailure };

/** WASI's number, which is what the virtual file system throws: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#errno */
const noSpaceLeft = 51;

export function toFailure(error: unknown): WorkerFailure {
  if (error instanceof Error) {
    const { code, hint, position, detail } = error as unknown as Record<string, unknown>;
    return { message: error.message, fields: { code, hint, position, detail } };
  }
  // The file system's errors are objects of their own kind: a name and a number.
  const { name, errno } = (error ?? {}) as { name?: unknown; errno?: unknown };
  if (typeof errno !== 'number') return { message: String(error), fields: {} };
  return { message: `${name} ${errno}`, fields: errno === noSpaceLeft ? { code: 'ENOSPC' } : {} };
}

const port = parentPort;
if (port !== null) {
  try {
    const session = await openEmbeddedSession(workerData as EmbeddedSessionOptions);
    port.postMessage({ id: 0, value: 'open' } satisfies WorkerReply);
    port.on('message', async ({ id, method, args }: WorkerRequest) => {
      try {
        const work = session[method] as (...args: readonly unknown[]) => Promise<unknown>;
        port.postMessage({ id, value: await work(...args) } satisfies WorkerReply);
      } catch (error) {
        port.postMessage({ id, failure: toFailure(error) } satisfies WorkerReply);
      }
      if (method === 'close') port.close();
    });
  } catch (error) {
    port.postMessage({ id: 0, failure: toFailure(error) } satisfies WorkerReply);
    port.close();
  }
}
