import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Waiting } from './backup-source.ts';
import type { Catalogue } from './catalogue.ts';
import type { Manifest } from './manifest.ts';
import type { BackupRecords } from './records.ts';
import { compareTables, type TableFacts } from './snapshot.ts';

/** A database for a drill alone. */
export interface Scratch {
  restore(manifest: Manifest, waiting: Waiting): Promise<void>;
  tables(): Promise<TableFacts>;
  /** After the schema has been brought to this release's: what is wrong with the isolation of tenants, one line each. */
  prove(): Promise<readonly string[]>;
  /** Whatever came before. */
  drop(): Promise<void>;
}

export interface DrillReport {
  readonly backup: string;
  readonly passed: boolean;
  /** What a loss of the database now would lose: seconds since the moment that the backup brings back. */
  readonly rpoSeconds: number;
  /** From nothing to a database that can be asked: fetched, opened, restored, analysed. Seconds. */
  readonly rtoSeconds: number;
  /** Counting, comparing and proving took so much more. Seconds. */
  readonly checkSeconds: number;
  readonly tables: number;
  readonly rows: number;
  readonly faults: readonly string[];
}

export interface DrillOptions extends Waiting {
  readonly catalogue: Catalogue;
  readonly records: Pick<BackupRecords, 'drilled'>;
  readonly openScratch: (waiting: Waiting) => Promise<Scratch>;
  /** Absent: the latest full backup. */
  readonly name?: string | undefined;
  readonly clock: Clock;
}

/** The only proof of a backup is a restore: into a scratch database, compared with what was saved, proved, and dropped. */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  const { catalogue, records, openScratch, clock, signal, onProgress } = options;
  const manifest = await chosen(catalogue, options.name);
  const rpoSeconds = secondsBetween(Date.parse(manifest.takenAt), clock.now());
  const begun = clock.monotonic();
  let restored = begun;
  const faults: string[] = [];
  let compared = 0;
  const scratch = await openScratch({ signal, onProgress });
  try {
    await scratch.restore(manifest, { signal, onProgress });
    restored = clock.monotonic();
    const found = await scratch.tables();
    compared = Object.keys(found).length;
    faults.push(...compareTables(manifest.tables, found));
    signal.throwIfAborted();
    onProgress({ step: 'isolation proved', done: 0, total: 1 });
    faults.push(...(await scratch.prove()));
    onProgress({ step: 'isolation proved', done: 1, total: 1 });
  } catch (error) {
    // Stopped is neither passed nor failed.
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    faults.push(error.message);
  } finally {
    await scratch.drop();
  }
  const passed = faults.length === 0;
  await records.drilled(manifest.name, passed, restored - begun);
  return {
    ...{ backup: manifest.name, passed, rpoSeconds, rtoSeconds: secondsBetween(begun, restored) },
    checkSeconds: secondsBetween(restored, clock.monotonic()),
    tables: compared,
    rows: Object.values(manifest.tables).reduce((sum, { rows }) => sum + rows, 0),
    faults,
  };
}

/** The one that is named, or the latest full one. */
export async function chosen(catalogue: Catalogue, name: string | undefined): Promise<Manifest> {
  if (name !== undefined) return catalogue.read(name);
  const latest = (await catalogue.list()).backups.findLast(({ kind }) => kind === 'full');
  if (latest !== undefined) return latest;
  throw new AppError('not_found', `There is no full backup in ${catalogue.place}`, {
    hint: 'Take one: zava-mcp-server backup create.',
  });
}

const secondsBetween = (from: number, to: number) => Math.max(0, Math.round((to - from) / 10) / 100);
