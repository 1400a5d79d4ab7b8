import { describe, expect, test } from 'vitest';
import { type Checkpoint, signedText } from '../../src/audit/checkpoint.ts';
import { exportAudit, verifyExport } from '../../src/audit/export.ts';
import { collected, sampleChain, streamed, testSigner, verifyTestSignature } from '../support/audit.ts';

const chain = sampleChain(8);
const exportedAt = '2026-08-01T00:00:00.000Z';
const lines = (options: Partial<Parameters<typeof exportAudit>[0]> = {}) =>
  collected(exportAudit({ records: streamed(chain), signer: testSigner, exportedAt, ...options }));
const verify = (texts: readonly string[], options: Partial<Parameters<typeof verifyExport>[0]> = {}) =>
  verifyExport({ lines: streamed(texts.map((text) => text.trimEnd())), verifySignature: verifyTestSignature, ...options });
const signed = (id: number, at: string): Checkpoint => {
  const head = chain[id - 1]?.row_hash ?? '';
  return { at, head, key: 'test', signature: testSigner.sign(signedText({ at, head })) };
};

test('an export is verified by itself', async () => {
  const texts = await lines();
  expect(texts).toHaveLength(10);
  expect(texts.every((text) => text.endsWith('\n') && !text.slice(0, -1).includes('\n'))).toBe(true);
  const verdict = await verify(texts, { checkpoints: [signed(3, '2026-07-04T12:00:00.000Z')] });
  expect(verdict).toEqual({
    events: 8,
    lastHash: chain[7]?.row_hash,
    lastEventId: '8',
    checkpoints: 1,
    end: { eventId: '8', hash: chain[7]?.row_hash },
  });
});

test('one export goes on where the other ended', async () => {
  const first = await lines({ until: '2026-07-06' });
  const { end, events } = await verify(first);
  expect(events).toBe(4);
  const second = await lines({ records: streamed(chain.slice(4)), after: end });
  expect(await verify(second, { startsAfter: end.hash })).toMatchObject({ events: 4, end: { eventId: '8' } });
  expect((await verify(second)).fault).toBeUndefined();
  expect((await verify(second, { startsAfter: '1'.repeat(64) })).fault).toMatchObject({ kind: 'removed' });
});

describe('tampering with the file shows', () => {
  const damaged: [string, (texts: string[]) => string[], string][] = [
    ['a changed word', (texts) => texts.map((text, at) => (at === 4 ? text.replace('answered', 'failed') : text)), 'altered'],
    ['a changed brace', (texts) => texts.map((text, at) => (at === 4 ? text.replace('{', '[') : text)), 'altered'],
    ['a line that is another value', (texts) => texts.map((text, at) => (at === 4 ? '"x"' : text)), 'altered'],
    ['a removed line', (texts) => texts.filter((_text, at) => at !== 4), 'removed'],
    ['exchanged lines', (texts) => [...texts.slice(0, 4), texts[5]!, texts[4]!, ...texts.slice(6)], 'reordered'],
    ['a lost end', (texts) => texts.slice(0, -1), 'truncated'],
    ['a lost record before the seal', (texts) => [...texts.slice(0, -2), texts.at(-1)!], 'truncated'],
    ['a line behind the seal', (texts) => [...texts, texts[2]!], 'inserted'],
    [
      'a changed seal',
      (texts) => [...texts.slice(0, -1), texts.at(-1)!.replace('2026-08-01', '2026-08-02')],
      'forged_checkpoint',
    ],
  ];
  test.each(damaged)('%s', async (_name, damage, kind) => {
    expect((await verify(damage(await lines()))).fault).toMatchObject({ kind });
  });

  test('a seal without a signature, where one is asked for', async () => {
    const texts = await collected(exportAudit({ records: streamed(chain), exportedAt }));
    expect((await verify(texts)).fault).toMatchObject({ kind: 'forged_checkpoint' });
    expect((await verifyExport({ lines: streamed(texts) })).fault).toBeUndefined();
  });

  test('records left out before the export was sealed, when a checkpoint names them', async () => {
    const texts = await lines({ records: streamed(chain.slice(0, 5)) });
    expect((await verify(texts)).fault).toBeUndefined();
    const checkpoints = [signed(3, '2026-07-04T12:00:00.000Z'), signed(8, '2026-07-20T00:00:00.000Z')];
    expect((await verify(texts, { checkpoints })).fault).toMatchObject({ kind: 'truncated', eventId: '3' });
    // After the export was made, or beyond the end it was asked to have, checkpoints say nothing about it.
    expect((await verify(texts, { checkpoints: [signed(8, '2026-08-02T00:00:00.000Z')] })).fault).toBeUndefined();
    expect((await verify(await lines({ until: '2026-07-06' }), { checkpoints })).fault).toBeUndefined();
  });
});

test('an empty trail has an export, too', async () => {
  const texts = await lines({ records: streamed([]) });
  expect(await verify(texts)).toMatchObject({ events: 0, lastHash: '0'.repeat(64), end: { eventId: '' } });
  expect((await verify(texts.slice(0, 1))).fault).toMatchObject({ kind: 'truncated' });
});

test.each(['', 'not json', '{"format":"other"}', 'null'])('%j is no export', async (first) => {
  await expect(verify([first])).rejects.toMatchObject({ code: 'invalid_input' });
});
