import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface LogFileOptions {
  readonly path: string;
  /** Size at which the file becomes `<path>.1`, the former `.1` becomes `.2`, and so on. */
  readonly maxBytes?: number;
  /** Files kept beside the one being written. */
  readonly keep?: number;
  /** Told once, when the file cannot be written: the log goes on without it. */
  readonly onFailure: (error: Error) => void;
}

/**
 * A log file that rotates by size, one process to a file: two would rename under each other's hands. Lines are written
 * synchronously, a few microseconds each: they keep their order across a rotation, wait in no memory, and the last ones before
 * a crash are there.
 */
export function createLogFile({ path, maxBytes = 50 * 1024 * 1024, keep = 5, onFailure }: LogFileOptions) {
  let file: number | undefined;
  let bytes = 0;
  let givenUp = false;

  const open = (): number => {
    mkdirSync(dirname(path), { recursive: true });
    bytes = sizeOf(path) ?? 0;
    // A log says who asked what and when: others on the machine need not read it.
    file = openSync(path, 'a', 0o640);
    return file;
  };
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const rotate = () => {
    close();
    const nameOf = (index: number) => (index === 0 ? path : `${path}.${index}`);
    rmSync(nameOf(keep), { force: true });
    for (let index = keep; index >= 1; index -= 1) {
      if (sizeOf(nameOf(index - 1)) !== undefined) renameSync(nameOf(index - 1), nameOf(index));
    }
  };
  return {
    write(line: string): void {
      if (givenUp) return;
      try {
        if (file === undefined) open();
        const length = Buffer.byteLength(line);
        if (bytes > 0 && bytes + length > maxBytes) rotate();
        writeSync(file ?? open(), line);
        bytes += length;
      } catch (error) {
        givenUp = true;
        onFailure(error as Error);
      }
    },
    close,
  };
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
