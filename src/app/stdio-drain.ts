import { PassThrough, type Readable, Transform, type Writable } from 'node:stream';

export interface StdioDrain {
  /** To serve on. They stay open when the client has closed its end, so that what is in progress can still be answered. */
  readonly streams: { readonly stdin: Readable; readonly stdout: Writable };
  /** Resolves when the client has closed its end. */
  readonly ended: Promise<void>;
  /** Resolves when every request has its answer, or `deadlineMs` is over. */
  idle(deadlineMs: number): Promise<void>;
  /** Reads no more: an open stdin would keep the process alive. */
  release(): void;
}

interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: { readonly requestId?: unknown };
}

/**
 * Stands between a process's streams and the protocol, which ends its calls when stdin ends. Here a piped request gets its answer,
 * and a stop lets the running query finish. Answers are matched by JSON-RPC ids; a cancelled request gets none.
 */
export function drainStdio({ stdin, stdout }: { readonly stdin: Readable; readonly stdout: Writable }): StdioDrain {
  const waiting = new Set<unknown>();
  let onIdle = () => {};
  const settled = (id: unknown) => {
    waiting.delete(id);
    if (waiting.size === 0) onIdle();
  };
  const requests = watchLines(({ id, method, params }) => {
    if (method === 'notifications/cancelled') settled(params?.requestId);
    else if (method !== undefined && id !== undefined) waiting.add(id);
  });
  const answers = watchLines(({ id, method }) => {
    if (method === undefined) settled(id);
  });
  const toProtocol = new PassThrough();
  const ended = new Promise<void>((resolve) => requests.once('end', resolve));
  stdin.pipe(requests).pipe(toProtocol, { end: false });
  answers.pipe(stdout);
  // A client that has gone away breaks the pipe.
  stdout.on('error', (error) => answers.destroy(error));

  return {
    streams: { stdin: toProtocol, stdout: answers },
    ended,
    idle: (deadlineMs) =>
      new Promise<void>((resolve) => {
        if (waiting.size === 0 || answers.destroyed) return resolve();
        const timer = setTimeout(resolve, deadlineMs);
        onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
        answers.once('close', onIdle);
      }),
    release() {
      stdin.unpipe(requests);
      stdin.pause();
    },
  };
}

/** Passes everything on as it is and shows each whole line that is a JSON-RPC message. */
function watchLines(see: (message: Message) => void): Transform {
  let rest = '';
  const decoder = new TextDecoder();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = parse(line);
        if (message !== undefined) see(message);
      }
      done(null, chunk);
    },
  });
}

/** What is no message is refused where it is served. */
function parse(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
