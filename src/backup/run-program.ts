import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import { AppError } from '../core/errors.ts';

export interface ProgramCall {
  readonly path: string;
  /** Never secrets: other accounts of the machine can read them. */
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** What a program writes, as it comes. Throws when it fails, in the end or half-way; a reader that leaves ends it. */
export async function* readProgram(call: ProgramCall): AsyncGenerator<Buffer> {
  const child = start(call, 'ignore');
  const ended = outcomeOf(child, call);
  try {
    if (child.stdout !== null) yield* child.stdout as AsyncIterable<Buffer>;
    await ended;
  } finally {
    child.kill('SIGTERM');
    await ended.catch(() => {});
  }
}

/** Gives a program its input and returns what it wrote. One that has enough before the input ends is no failure. */
export async function feedProgram(call: ProgramCall, input: AsyncIterable<Uint8Array>): Promise<string> {
  const child = start(call, 'pipe');
  const ended = outcomeOf(child, call);
  let written = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  try {
    await pour(input, child.stdin as Writable, ended);
  } catch (error) {
    // Before its input ends: it must never take a part for the whole.
    child.kill('SIGKILL');
    child.stdin?.destroy();
    await ended.catch(() => {});
    throw call.signal?.aborted ? call.signal.reason : error;
  }
  await ended;
  return written;
}

/** Ends early, without complaint, where the program does: how that ended is for whoever waits for it. */
async function pour(input: AsyncIterable<Uint8Array>, stdin: Writable, ended: Promise<void>): Promise<void> {
  const over = ended.then(
    () => {},
    () => {},
  );
  // It may have read enough.
  stdin.on('error', () => {});
  for await (const piece of input) {
    if (stdin.destroyed) return;
    if (!stdin.write(piece)) await Promise.race([once(stdin, 'drain').catch(() => {}), over]);
  }
  stdin.end();
}

export async function runProgram(call: ProgramCall): Promise<void> {
  for await (const _ of readProgram(call));
}

function start({ path, args, env }: ProgramCall, stdin: 'ignore' | 'pipe'): ChildProcess {
  return spawn(path, args, { env, stdio: [stdin, 'pipe', 'pipe'] });
}

/** Resolves when it has ended well; otherwise rejects with its last words. */
function outcomeOf(child: ChildProcess, { path, signal }: ProgramCall): Promise<void> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4000);
  });
  const onAbort = () => child.kill('SIGTERM');
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(failed(path, cause.message, cause)));
    child.once('close', (code, killedBy) => {
      if (signal?.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else reject(failed(path, lastLines(words) || `exit code ${code ?? killedBy}`));
    });
  }).finally(() => signal?.removeEventListener('abort', onAbort));
  ended.catch(() => {});
  return ended;
}

function failed(path: string, what: string, cause?: unknown): AppError {
  return new AppError('dependency_unavailable', `${basename(path)} failed: ${what}`, {
    hint: 'Nothing of this attempt was kept. Mend the cause and try again.',
    cause,
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' | ').slice(0, 1000);
}
