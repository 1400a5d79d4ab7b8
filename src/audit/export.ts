import { AppError } from '../core/errors.ts';
import { type ChainedRecord, genesisHash } from './chain.ts';
import type { Checkpoint, Signer, VerifySignature } from './checkpoint.ts';
import type { Position } from './trail.ts';
import { type Fault, type Verdict, verifyAudit } from './verify.ts';

const format = 'zava-audit/1';

export interface ExportOptions {
  readonly records: AsyncIterable<ChainedRecord>;
  /** End of the export before this one; absent = from the beginning. */
  readonly after?: Position;
  /** Leaves out the first record at or after this time, and all that follow it: an export is one piece of the chain. */
  readonly until?: string;
  readonly signer?: Signer;
  readonly exportedAt: string;
}

/** First and last line of an export. */
interface Head {
  readonly format: typeof format;
  readonly starts_after: string;
}
interface Seal {
  readonly events: number;
  readonly last_event_id: string | null;
  readonly last_hash: string;
  readonly exported_at: string;
  /** True when the export goes up to the end that the trail then had. */
  readonly complete: boolean;
  readonly key?: string;
  readonly signature?: string;
}

/** JSON lines: a head, one record each, and a seal with the last hash, so that the file can be verified by itself. */
export async function* exportAudit({ records, after, until, signer, exportedAt }: ExportOptions): AsyncGenerator<string> {
  const startsAfter = after?.hash ?? genesisHash;
  yield line({ format, starts_after: startsAfter } satisfies Head);
  let events = 0;
  let last: Position = { eventId: after?.eventId ?? '', hash: startsAfter };
  let complete = true;
  for await (const record of records) {
    if (until !== undefined && record.occurred_at >= until) {
      complete = false;
      break;
    }
    yield line(record);
    events += 1;
    last = { eventId: record.event_id, hash: record.row_hash };
  }
  const seal: Seal = { events, last_event_id: last.eventId || null, last_hash: last.hash, exported_at: exportedAt, complete };
  const text = sealedText(startsAfter, seal);
  yield line({ seal: signer === undefined ? seal : { ...seal, key: signer.keyId, signature: signer.sign(text) } });
}

function sealedText(startsAfter: string, { events, last_event_id, last_hash, exported_at, complete }: Seal): string {
  return `audit-export ${startsAfter} ${events} ${last_event_id} ${last_hash} ${exported_at} ${complete}`;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

export interface VerifyExportOptions {
  readonly lines: AsyncIterable<string>;
  /** Last hash of the export before this one, where it is at hand. */
  readonly startsAfter?: string;
  readonly checkpoints?: readonly Checkpoint[];
  /** With it the seal must be signed. */
  readonly verifySignature?: VerifySignature;
}

export interface ExportVerdict extends Verdict {
  /** Where the next export must go on. */
  readonly end: Position;
}

/** Offline. A seal that is missing, or that names another end, means that the file was cut. */
export async function verifyExport(options: VerifyExportOptions): Promise<ExportVerdict> {
  const { checkpoints = [], verifySignature } = options;
  const file = readExport(options.lines);
  const head = await file.head();
  const startsAfter = options.startsAfter ?? head.starts_after;
  const chain = await verifyAudit({
    records: file.records(),
    startsAfter,
    checkpoints,
    ...(verifySignature && { verifySignature }),
    reachesTo: () => (file.seal()?.complete === true ? (file.seal()?.exported_at ?? '') : ''),
  });
  const end = { eventId: chain.lastEventId ?? '', hash: chain.lastHash };
  const fault = file.fault() ?? sealFault(chain, file.seal(), head, verifySignature);
  return { ...chain, end, ...(chain.fault === undefined && fault !== undefined ? { fault } : {}) };
}

function sealFault(chain: Verdict, seal: Seal | undefined, head: Head, verifySignature?: VerifySignature): Fault | undefined {
  const after = chain.lastEventId === undefined ? {} : { eventId: chain.lastEventId };
  if (seal === undefined)
    return { kind: 'truncated', ...after, message: 'The export was cut off: its last line, the seal, is missing' };
  if (seal.events !== chain.events || seal.last_hash !== chain.lastHash) {
    const message = `The export was cut: its seal tells of ${seal.events} records, there are ${chain.events}`;
    return { kind: 'truncated', ...after, message };
  }
  if (verifySignature?.(sealedText(head.starts_after, seal), seal.key ?? '', seal.signature ?? '') === false) {
    return { kind: 'forged_checkpoint', message: 'The seal of the export was not signed with a known key' };
  }
  return undefined;
}

const hexHash = /^[0-9a-f]{64}$/;

function readExport(lines: AsyncIterable<string>) {
  const source = lines[Symbol.asyncIterator]();
  let number = 0;
  let seal: Seal | undefined;
  let fault: Fault | undefined;
  const next = async (): Promise<Record<string, unknown> | undefined> => {
    const { done, value } = await source.next();
    if (done) return undefined;
    number += 1;
    return parseObject(value);
  };
  return {
    async head(): Promise<Head> {
      const first = await next();
      if (first?.format === format && hexHash.test(String(first.starts_after))) return first as unknown as Head;
      throw new AppError('invalid_input', 'This file is no export of the audit trail', {
        hint: `Its first line must say "${format}".`,
      });
    },
    async *records(): AsyncGenerator<ChainedRecord> {
      for (let found = await next(); found !== undefined; found = await next()) {
        if (seal !== undefined) fault = { kind: 'inserted', message: `Line ${number} stands behind the seal of the export` };
        else if (typeof found.seal === 'object' && found.seal !== null) seal = found.seal as Seal;
        else if (isRecord(found)) yield found as unknown as ChainedRecord;
        else fault = { kind: 'altered', message: `Line ${number} of the export is no record any more` };
        if (fault !== undefined) return;
      }
    },
    seal: () => seal,
    fault: () => fault,
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isRecord({ event_id, prev_hash, row_hash, occurred_at }: Record<string, unknown>): boolean {
  return (
    /^\d+$/.test(String(event_id)) &&
    hexHash.test(String(prev_hash)) &&
    hexHash.test(String(row_hash)) &&
    typeof occurred_at === 'string'
  );
}
