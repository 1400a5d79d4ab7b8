import type { LineWriter } from './log-sink.ts';

export interface LineBufferOptions {
  readonly target: LineWriter;
  /** What waits is lost when the process is killed outright. */
  readonly holdMs?: number;
  readonly maxLength?: number;
}

/** Joins the lines of a few milliseconds into one write: Node writes to files, terminals and pipes while the thread waits. */
export function createLineBuffer({ target, holdMs = 20, maxLength = 65_536 }: LineBufferOptions) {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === '') return;
    const lines = waiting;
    waiting = '';
    target.write(lines);
  };
  return {
    write(line: string): void {
      waiting += line;
      if (waiting.length >= maxLength) flush();
      else timer ??= setTimeout(flush, holdMs);
    },
    /** Now: for lines that somebody waits for, and before an end. */
    flush,
  };
}
