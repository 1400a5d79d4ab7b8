import { appendFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditRecord } from '../audit/record.ts';
import type { Config } from '../config/schema.ts';

type Place = Pick<Config, 'dataDir'>;

export const spoolPath = ({ dataDir }: Place) => join(dataDir, 'audit', 'unwritten.jsonl');

/** Keeps records on this machine's disk that the database could not take. The next server to start writes them. */
export async function spoolRecords(config: Place, records: readonly AuditRecord[]): Promise<void> {
  const path = spoolPath(config);
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''), { mode: 0o600 });
}

const batchSize = 500;

type Append = (records: readonly AuditRecord[]) => Promise<unknown>;

/** Writes what was kept. A process that dies in the middle leaves it, to be written again: twice rather than never. */
export async function writeSpooled(config: Place, append: Append): Promise<void> {
  const path = spoolPath(config);
  const taken = `${path}.writing`;
  // What a process left that died over it comes first: the rename would replace it.
  await writeFrom(taken, append);
  // Renamed before it is read: what others keep meanwhile goes to a new file.
  await rename(path, taken).catch(ignoreMissing);
  await writeFrom(taken, append);
}

async function writeFrom(taken: string, append: Append): Promise<void> {
  const text = await readFile(taken, 'utf8').catch(ignoreMissing);
  if (text === undefined) return;
  const records = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditRecord);
  for (let from = 0; from < records.length; from += batchSize) await append(records.slice(from, from + batchSize));
  await rm(taken);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
