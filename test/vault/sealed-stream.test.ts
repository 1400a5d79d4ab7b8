import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeyRing } from '../../src/vault/key-ring.ts';
import { openStream, sealStream } from '../../src/vault/sealed-stream.ts';

const ring = parseKeyRing(`k2:${Buffer.alloc(32, 2).toString('base64')} k1:${Buffer.alloc(32, 1).toString('base64')}`, 'x');
const oldRing = parseKeyRing(`k1:${Buffer.alloc(32, 1).toString('base64')}`, 'x');
const context = { purpose: 'backup', tenant: '' };
const chunk = 65_536;
const sealedChunk = chunk + 16;
const headLength = 'zava-sealed/1\n'.length + 1 + 2 + 32;

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
async function all(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}
const seal = (plain: Buffer, size = 10_000, keys = ring) => all(sealStream(pieces(plain, size), keys, context));
const open = (sealed: Buffer, size = 7_777, other = context, keys = ring) => all(openStream(pieces(sealed, size), keys, other));

test.each([0, 1, 100, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 5])(
  '%i bytes come back, however they arrive',
  async (length) => {
    const plain = randomBytes(length);
    for (const size of [1_000, chunk, 500_000]) expect((await open(await seal(plain, size), size + 3)).equals(plain)).toBe(true);
    expect((await seal(plain)).includes(plain.subarray(0, 40)) && length > 40).toBe(false);
  },
);

test('a file under an older key opens, and under the newest it is sealed', async () => {
  const plain = randomBytes(1000);
  expect((await open(await seal(plain, 10, oldRing))).equals(plain)).toBe(true);
  expect((await seal(plain)).subarray(15, 17).toString()).toBe('k2');
});

describe('a file does not open', () => {
  const plain = randomBytes(3 * chunk + 100);

  test('with any bit flipped', async () => {
    const sealed = await seal(randomBytes(200));
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.byteLength - 1), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        await expect(open(changed)).rejects.toMatchObject({ code: 'invalid_input' });
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['cut at a chunk', (sealed: Buffer) => sealed.subarray(0, headLength + 2 * sealedChunk)],
    ['cut within a chunk', (sealed: Buffer) => sealed.subarray(0, headLength + 2 * sealedChunk + 500)],
    ['cut within a tag', (sealed: Buffer) => sealed.subarray(0, headLength + 2 * sealedChunk + 5)],
    ['cut after the head', (sealed: Buffer) => sealed.subarray(0, headLength)],
    ['cut within the head', (sealed: Buffer) => sealed.subarray(0, 20)],
    ['empty', () => Buffer.alloc(0)],
    ['with a byte behind it', (sealed: Buffer) => Buffer.concat([sealed, Buffer.from('x')])],
    ['twice in a row', (sealed: Buffer) => Buffer.concat([sealed, sealed])],
    [
      'with two chunks exchanged',
      (sealed: Buffer) => {
        const at = (index: number) => sealed.subarray(headLength + index * sealedChunk, headLength + (index + 1) * sealedChunk);
        return Buffer.concat([sealed.subarray(0, headLength), at(1), at(0), sealed.subarray(headLength + 2 * sealedChunk)]);
      },
    ],
    [
      'with a chunk left out',
      (sealed: Buffer) =>
        Buffer.concat([sealed.subarray(0, headLength + sealedChunk), sealed.subarray(headLength + 2 * sealedChunk)]),
    ],
  ])('%s', async (_name, damage) => {
    await expect(open(damage(await seal(plain)))).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('in another context or without its key', async () => {
    const sealed = await seal(plain);
    await expect(open(sealed, 1000, { ...context, tenant: 'x' })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(open(sealed, 1000, context, oldRing)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('and nothing of a changed chunk is given out', async () => {
    const sealed = await seal(plain);
    sealed[headLength + sealedChunk + 9] = (sealed[headLength + sealedChunk + 9] ?? 0) ^ 1;
    const got: Buffer[] = [];
    const read = async () => {
      for await (const part of openStream(pieces(sealed, 50_000), ring, context)) got.push(part);
    };
    await expect(read()).rejects.toMatchObject({ code: 'invalid_input' });
    expect(Buffer.concat(got).equals(plain.subarray(0, chunk))).toBe(true);
  });
});
