import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from './canonical-json.ts';
import type { AuditRecord } from './record.ts';

/** A record as it stands in the table or in an export. */
export interface ChainedRecord extends AuditRecord {
  /** Order of appending; not hashed, the chain itself gives the order. */
  readonly event_id: string;
  /** Hash of the record before, 64 hexadecimal digits. */
  readonly prev_hash: string;
  readonly row_hash: string;
}

/** What stands before the first record. */
export const genesisHash = '0'.repeat(64);

/** `sha256(previous hash || canonical JSON)`, as `audit.append` computes it. */
export function rowHash(previousHash: string, record: AuditRecord): string {
  return createHash('sha256')
    .update(Buffer.from(previousHash, 'hex'))
    .update(canonicalJson(record as unknown as Json))
    .digest('hex');
}

/** The hash that the record should have by its own words. */
export function expectedHash({ event_id: _id, prev_hash, row_hash: _hash, ...record }: ChainedRecord): string {
  return rowHash(prev_hash, record);
}
