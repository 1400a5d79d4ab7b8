import type { Clock } from '../core/clock.ts';
import type { OpenSnapshot } from './backup-source.ts';
import { digestTables, readFacts, type Session } from './snapshot.ts';

export interface ClusterSourceOptions {
  /** The whole embedded cluster as a gzipped tar. It is in memory at once: the embedded database is made for small data. */
  readonly dump: () => Promise<Uint8Array>;
  /** Opens such a copy, in memory, as its administrator. */
  readonly openCopy: (copy: Uint8Array) => Promise<{ readonly session: Session; close(): Promise<void> }>;
  readonly prefix: string;
  readonly clock: Clock;
}

/** The embedded database: facts and rows are counted in the copy, since the database itself may go on serving. */
export function createClusterSource({ dump, openCopy, prefix, clock }: ClusterSourceOptions): OpenSnapshot {
  return async ({ onProgress, signal }) => {
    const takenAt = new Date(clock.now()).toISOString();
    const copy = await dump();
    signal.throwIfAborted();
    const { session, close } = await openCopy(copy);
    try {
      const facts = await readFacts(session, prefix, true);
      const tables = await digestTables(session, (done, total) => {
        signal.throwIfAborted();
        onProgress({ step: 'tables counted', done, total });
      });
      const read = async function* () {
        yield copy;
      };
      return {
        facts: { ...facts, takenAt },
        tables,
        toolMajor: facts.server.major,
        estimatedBytes: copy.byteLength,
        parts: [{ role: 'cluster', read }],
        close: async () => {},
      };
    } finally {
      await close();
    }
  };
}
