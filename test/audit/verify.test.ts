import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChainedRecord } from '../../src/audit/chain.ts';
import { type Checkpoint, signedText } from '../../src/audit/checkpoint.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { chainOf, sampleChain, sampleRecord, streamed, testSigner, verifyTestSignature } from '../support/audit.ts';

const checkpoint = (head: string, at: string): Checkpoint => ({
  at,
  head,
  key: 'test',
  signature: testSigner.sign(signedText({ at, head })),
});
const verify = (records: readonly ChainedRecord[], checkpoints: readonly Checkpoint[] = [], startsAfter?: string) =>
  verifyAudit({
    records: streamed(records),
    checkpoints,
    verifySignature: verifyTestSignature,
    ...(startsAfter && { startsAfter }),
  });
const hashOf = (chain: readonly ChainedRecord[], id: number) => chain[id - 1]?.row_hash ?? '';
const without = (chain: readonly ChainedRecord[], id: number) => chain.filter((record) => record.event_id !== String(id));

test('an untouched trail holds', async () => {
  const chain = sampleChain(8);
  expect(
    await verify(chain, [
      checkpoint(hashOf(chain, 3), '2026-07-04T00:00:00.000Z'),
      checkpoint(hashOf(chain, 8), '2026-07-10T00:00:00.000Z'),
    ]),
  ).toEqual({
    events: 8,
    lastHash: hashOf(chain, 8),
    lastEventId: '8',
    checkpoints: 2,
  });
  expect(await verify([])).toEqual({ events: 0, lastHash: '0'.repeat(64), checkpoints: 0 });
});

describe('the first place of tampering is named', () => {
  const chain = sampleChain(8);
  test.each<[string, ChainedRecord[], string, string | undefined]>([
    ['an altered word', chain.map((one) => (one.event_id === '4' ? { ...one, row_count: 999 } : one)), 'altered', '4'],
    [
      'an altered member of the detail',
      chain.map((one) => (one.event_id === '4' ? { ...one, detail: { ...one.detail, a: false } } : one)),
      'altered',
      '4',
    ],
    [
      'an emptied column',
      chain.map((one) => (one.event_id === '4' ? (({ subject: _gone, ...rest }) => rest)(one) : one)),
      'altered',
      '4',
    ],
    [
      'an altered record hashed anew',
      chain.map((one) => (one.event_id === '4' ? { ...chainOf([sampleRecord(99)], one.prev_hash, 4)[0]! } : one)),
      'altered',
      '4',
    ],
    ['a removed record', without(chain, 4), 'removed', '3'],
    ['a removed first record', without(chain, 1), 'removed', undefined],
    [
      'two exchanged records',
      [...chain.slice(0, 3), { ...chain[4]!, event_id: '4' }, { ...chain[3]!, event_id: '5' }, ...chain.slice(5)],
      'reordered',
      '4',
    ],
    ['a record put between', [...chain.slice(0, 3), { ...chain[0]!, event_id: '100' }, ...chain.slice(3)], 'inserted', '100'],
    [
      'a record made up',
      [...chain.slice(0, 3), { ...chain[3]!, row_hash: 'a'.repeat(64), prev_hash: 'b'.repeat(64) }, ...chain.slice(3)],
      'inserted',
      '4',
    ],
  ])('%s', async (_name, tampered, kind, eventId) => {
    const { fault } = await verify(tampered);
    expect(fault).toMatchObject({ kind, ...(eventId && { eventId }) });
    expect(fault?.eventId).toBe(eventId);
  });

  test('any change of any column, at any place', async () => {
    const columns = ['occurred_at', 'request_id', 'subject', 'tool', 'action', 'outcome', 'statement_fingerprint'] as const;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 7 }), fc.constantFrom(...columns), async (index, column) => {
        const tampered = chain.map((one, at) =>
          at === index ? { ...one, [column]: `${one[column]}x` } : one,
        ) as ChainedRecord[];
        expect((await verify(tampered)).fault).toMatchObject({ kind: 'altered', eventId: String(index + 1) });
      }),
    );
  });
});

describe('checkpoints show what the chain alone cannot', () => {
  const chain = sampleChain(8);
  const signed = [
    checkpoint(hashOf(chain, 3), '2026-07-04T12:00:00.000Z'),
    checkpoint(hashOf(chain, 8), '2026-07-20T00:00:00.000Z'),
  ];

  test('a tail that was cut off', async () => {
    expect((await verify(chain.slice(0, 5))).fault).toBeUndefined();
    expect((await verify(chain.slice(0, 5), signed)).fault).toMatchObject({ kind: 'truncated', eventId: '3' });
  });

  test('a trail that was emptied', async () => {
    expect((await verify([], signed)).fault).toMatchObject({ kind: 'truncated' });
  });

  test('a tail that was written anew, with good hashes', async () => {
    const late = { ...sampleRecord(40), occurred_at: '2026-07-21T00:00:00.000000Z' };
    const anew = [...chain.slice(0, 3), ...chainOf([sampleRecord(30), late], hashOf(chain, 3), 4)];
    expect((await verify(anew)).fault).toBeUndefined();
    expect((await verify(anew, signed)).fault).toMatchObject({ kind: 'rewritten', eventId: '3' });
  });

  test('a checkpoint with another key, or made up', async () => {
    const [good] = signed;
    expect((await verify(chain, [{ ...good!, key: 'other' }])).fault).toMatchObject({ kind: 'forged_checkpoint' });
    expect((await verify(chain, [{ ...good!, at: '2026-07-04T13:00:00.000Z' }])).fault).toMatchObject({
      kind: 'forged_checkpoint',
    });
    expect((await verify(chain, [{ at: '', head: '', key: '', signature: '' }])).fault?.message).toContain('an unreadable line');
  });

  test('a trail that starts later is not blamed for what was signed before it', async () => {
    const rest = chain.slice(4);
    expect((await verify(rest, signed, hashOf(chain, 4))).fault).toBeUndefined();
    expect(
      (await verify(rest, [checkpoint(hashOf(chain, 4), '2026-07-05T12:00:00.000Z'), ...signed.slice(1)], hashOf(chain, 4)))
        .checkpoints,
    ).toBe(2);
  });
});
