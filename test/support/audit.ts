import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { AuditSession } from '../../src/audit/append.ts';
import { type ChainedRecord, genesisHash, rowHash } from '../../src/audit/chain.ts';
import type { Signer, VerifySignature } from '../../src/audit/checkpoint.ts';
import type { AuditRecord } from '../../src/audit/record.ts';

const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]),
  format: 'der',
  type: 'pkcs8',
});

export const testSigner: Signer = {
  keyId: 'test',
  sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
};
export const verifyTestSignature: VerifySignature = (text, keyId, signature) =>
  keyId === 'test' && verify(null, Buffer.from(text), createPublicKey(privateKey), Buffer.from(signature, 'base64url'));

export function sampleRecord(index: number): AuditRecord {
  return {
    occurred_at: `2026-07-0${1 + (index % 9)}T10:00:00.${String(index).padStart(3, '0')}000Z`,
    request_id: `request-${index}`,
    subject: 'manager@example.com',
    roles: ['store_manager'],
    store_ids: index % 2 === 0 ? [1, 2] : [],
    tool: 'execute_sales_query',
    action: 'tool_call',
    outcome: 'answered',
    statement_fingerprint: 'f'.repeat(64),
    row_count: index,
    duration_ms: 3,
    detail: { é: 'ü\u2028"\\\u0001', b: [1, 'x'], a: true },
  };
}

/** A chain as the database would hold it. */
export function chainOf(records: readonly AuditRecord[], startsAfter = genesisHash, firstId = 1): ChainedRecord[] {
  let hash = startsAfter;
  return records.map((record, index) => {
    const prev_hash = hash;
    hash = rowHash(prev_hash, record);
    return { event_id: String(firstId + index), prev_hash, row_hash: hash, ...record };
  });
}

export const sampleChain = (length: number) => chainOf(Array.from({ length }, (_, index) => sampleRecord(index + 1)));

export async function* streamed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What a superuser can do to the table once the triggers are off. */
export async function tamper(admin: AuditSession & { script(text: string): Promise<void> }, statement: string): Promise<void> {
  await admin.script(`SET session_replication_role = replica; ${statement}; SET session_replication_role = DEFAULT`);
}
