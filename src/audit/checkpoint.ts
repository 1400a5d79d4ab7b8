import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../core/clock.ts';

/** Signs with a key that the database does not know. */
export interface Signer {
  readonly keyId: string;
  /** base64url */
  sign(text: string): string;
}
/** False for a key that is not known, too. */
export type VerifySignature = (text: string, keyId: string, signature: string) => boolean;

/** The chain's head as this process knew it at that time. */
export interface Checkpoint {
  readonly at: string;
  readonly head: string;
  readonly key: string;
  readonly signature: string;
}

export function signedText({ at, head }: Pick<Checkpoint, 'at' | 'head'>): string {
  return `audit-head ${at} ${head}`;
}

/** Where checkpoints are kept: outside the database, so that whoever rewrites the trail cannot rewrite them as well. */
export interface CheckpointStore {
  append(checkpoint: Checkpoint): Promise<void>;
  readAll(): Promise<Checkpoint[]>;
}

/** One JSON object a line, only ever appended to; several processes may share the file. */
export function createFileCheckpoints(path: string): CheckpointStore {
  return {
    async append(checkpoint) {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, 'a', 0o640);
      try {
        await file.write(`${JSON.stringify(checkpoint)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async readAll() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map(parseCheckpoint);
    },
  };
}

/** A line that is no checkpoint any more fails the verification by its signature instead of stopping it. */
function parseCheckpoint(line: string): Checkpoint {
  try {
    const { at, head, key, signature } = JSON.parse(line) as Partial<Record<keyof Checkpoint, unknown>>;
    return { at: String(at), head: String(head), key: String(key), signature: String(signature) };
  } catch {
    return { at: '', head: '', key: '', signature: '' };
  }
}

export interface CheckpointerOptions {
  readonly head: () => string | undefined;
  readonly store: CheckpointStore;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
  readonly everyMs?: number;
}

/** Signs the head every minute while it moves, and at the end. */
export function createCheckpointer({ head, store, signer, clock, onFailure, everyMs = 60_000 }: CheckpointerOptions) {
  let written: string | undefined;
  const write = async (): Promise<void> => {
    const current = head();
    if (current === undefined || current === written) return;
    const at = new Date(clock.now()).toISOString();
    try {
      await store.append({ at, head: current, key: signer.keyId, signature: signer.sign(signedText({ at, head: current })) });
      written = current;
    } catch (error) {
      onFailure(error);
    }
  };
  const timer = setInterval(write, everyMs).unref();
  return {
    write,
    /** After the buffer has been closed, so that the last batch is covered. */
    async close(): Promise<void> {
      clearInterval(timer);
      await write();
    },
  };
}
