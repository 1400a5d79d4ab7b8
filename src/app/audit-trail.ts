import { join } from 'node:path';
import { createAppend } from '../audit/append.ts';
import { createAuditBuffer } from '../audit/buffer.ts';
import { type CheckpointStore, createCheckpointer, createFileCheckpoints, type Signer } from '../audit/checkpoint.ts';
import type { AuditRecord } from '../audit/record.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import type { Database } from '../postgres/database.ts';
import { createStatementFingerprint } from '../query/statement-fingerprint.ts';
import { mask } from '../telemetry/mask.ts';
import { createHeadSigner } from '../vault/head-signer.ts';
import type { KeyRing } from '../vault/key-ring.ts';
import { spoolPath, spoolRecords, writeSpooled } from './audit-spool.ts';

export interface AuditTrailOptions {
  readonly config: Pick<Config, 'dataDir'>;
  readonly database: Pick<Database, 'query'>;
  /** Of the encryption keys: signs the heads of the chain. */
  readonly ring: () => KeyRing;
  readonly clock: Clock;
  readonly log: Note;
  /** False for a database that is forgotten with the process: its heads would contradict the ones that are kept. */
  readonly lasting?: boolean;
}

const monthsAhead = 3;
const dayMs = 24 * 60 * 60 * 1000;

/** Signed heads of the chain, on this machine's disk: outside the database. */
export function auditCheckpoints(config: Pick<Config, 'dataDir'>): CheckpointStore {
  return createFileCheckpoints(join(config.dataDir, 'audit', 'heads.jsonl'));
}

/** Writes the audit trail of this process: what is noted goes to the log and, where it concerns the trail, into the database. */
export async function openAuditTrail({ config, database, ring, clock, log, lasting = true }: AuditTrailOptions) {
  const told = (where: string) => (error: unknown) => log({ kind: 'fault_met', where, error });
  let unwritten: readonly AuditRecord[] = [];
  const append = createAppend(database);
  const buffer = createAuditBuffer({
    append,
    fingerprint: await createStatementFingerprint(),
    mask,
    clock,
    onOutage: told('audit'),
    onUnwritten: (records) => {
      unwritten = records;
    },
  });
  const checkpointer = lasting
    ? createCheckpointer({
        head: buffer.head,
        store: auditCheckpoints(config),
        signer: newestSigner(ring),
        clock,
        onFailure: told('audit checkpoint'),
      })
    : undefined;
  const extend = () => database.query('SELECT audit.ensure_months($1)', [monthsAhead]).then(() => {}, told('audit partitions'));
  const catchingUp = Promise.all([extend(), lasting ? writeSpooled(config, append).catch(told('audit')) : undefined]);
  const timer = setInterval(extend, dayMs).unref();
  const note: Note = (observation) => {
    log(observation);
    buffer.push(observation);
  };
  return {
    note,
    /** Before each call. Throws `overloaded` when its event could not be kept. */
    admit: buffer.admit,
    /** Records that were written since the start. */
    written: buffer.written,
    /** Writes what waits, signs the last head, and keeps on disk what the database would not take. */
    async close(): Promise<void> {
      clearInterval(timer);
      await catchingUp;
      await buffer.close();
      await checkpointer?.close();
      if (unwritten.length > 0) told('audit')(await keep(config, unwritten));
    },
  };
}
export type AuditTrail = Awaited<ReturnType<typeof openAuditTrail>>;

/** A ring may get a newer key while the server runs. */
function newestSigner(ring: () => KeyRing): Signer {
  return {
    get keyId() {
      return ring().newestId;
    },
    sign: (text) => createHeadSigner(ring()).sign(text),
  };
}

async function keep(config: Pick<Config, 'dataDir'>, records: readonly AuditRecord[]): Promise<Error> {
  const path = spoolPath(config);
  try {
    await spoolRecords(config, records);
    return new Error(`The database did not take the last ${records.length} audit records: they wait in ${path}`);
  } catch (cause) {
    return new Error(`The last ${records.length} audit records are lost: neither the database nor ${path} took them`, { cause });
  }
}
