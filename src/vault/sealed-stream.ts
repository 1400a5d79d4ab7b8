import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { SealContext } from './envelope.ts';
import type { KeyRing } from './key-ring.ts';

const cipher = 'aes-256-gcm';
const magic = Buffer.from('zava-sealed/1\n');
const saltBytes = 32;
const tagBytes = 16;
/** Plain bytes of a chunk; the last one may have fewer. */
const chunkBytes = 65_536;

/**
 * Big files, sealed chunk by chunk in constant memory: the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, "Online
 * Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015). Every file has a key of its own (HKDF with a random
 * salt, over the context), a chunk's nonce is its number, and the last one is marked: what was cut, swapped or appended does
 * not open. Layout: `zava-sealed/1\n`, length of the key id, key id, salt, then chunks, each followed by its tag.
 */
export async function* sealStream(plain: AsyncIterable<Uint8Array>, ring: KeyRing, context: SealContext): AsyncGenerator<Buffer> {
  const id = Buffer.from(ring.newestId);
  const head = Buffer.concat([magic, Buffer.from([id.byteLength]), id, randomBytes(saltBytes)]);
  const key = fileKey(ring, ring.newestId, head, context);
  yield head;
  let index = 0;
  for await (const { bytes, last } of chunksOf(plain, chunkBytes)) {
    const encipher = createCipheriv(cipher, key, nonceOf(index, last), { authTagLength: tagBytes });
    yield Buffer.concat([encipher.update(bytes), encipher.final(), encipher.getAuthTag()]);
    index += 1;
  }
}

/** Gives out only what has been authenticated; throws at the first chunk that is not as it was sealed, or when the end is missing. */
export async function* openStream(
  sealed: AsyncIterable<Uint8Array>,
  ring: KeyRing,
  context: SealContext,
): AsyncGenerator<Buffer> {
  const source = createReader(sealed);
  const start = await source.take(magic.byteLength + 1);
  const idLength = start.at(-1) ?? 0;
  const rest = await source.take(idLength + saltBytes);
  if (!start.subarray(0, -1).equals(magic) || rest.byteLength !== idLength + saltBytes) throw notOpened();
  const id = rest.subarray(0, idLength).toString();
  const key = fileKey(ring, id, Buffer.concat([start, rest]), context);
  let index = 0;
  for await (const { bytes, last } of chunksOf(source.rest(), chunkBytes + tagBytes)) {
    if (bytes.byteLength < tagBytes) throw notOpened();
    const decipher = createDecipheriv(cipher, key, nonceOf(index, last), { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    yield openChunk(decipher, bytes.subarray(0, -tagBytes));
    index += 1;
  }
}

function openChunk(decipher: ReturnType<typeof createDecipheriv>, bytes: Buffer): Buffer {
  try {
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch (cause) {
    throw notOpened(cause);
  }
}

function fileKey(ring: KeyRing, id: string, head: Buffer, { purpose, tenant }: SealContext): Uint8Array {
  const key = ring.keyFor(id, 'stream');
  if (key === undefined) throw notOpened();
  return new Uint8Array(hkdfSync('sha256', key, head, JSON.stringify([purpose, tenant]), 32));
}

/** 11 bytes of the chunk's number and one that is 1 for the last chunk. */
function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}

/** Even pieces of `size` bytes; an empty source gives one empty piece. */
async function* chunksOf(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const piece of source) {
    held.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    length += piece.byteLength;
    if (length <= size) continue;
    let all = Buffer.concat(held);
    // Strictly more: a piece that might be the last is kept until it is known.
    for (; all.byteLength > size; all = all.subarray(size)) yield { bytes: all.subarray(0, size), last: false };
    held = [all];
    length = all.byteLength;
  }
  yield { bytes: Buffer.concat(held), last: true };
}

function createReader(source: AsyncIterable<Uint8Array>) {
  const pieces = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  return {
    /** Fewer bytes only at the end. */
    async take(length: number): Promise<Buffer> {
      while (held.byteLength < length) {
        const { done, value } = await pieces.next();
        if (done) break;
        held = Buffer.concat([held, value]);
      }
      const taken = held.subarray(0, length);
      held = held.subarray(taken.byteLength);
      return taken;
    },
    async *rest(): AsyncGenerator<Uint8Array> {
      yield held;
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
    },
  };
}

function notOpened(cause?: unknown): AppError {
  return new AppError(
    'invalid_input',
    'The sealed file cannot be opened: it was changed or cut, belongs elsewhere or its key is gone',
    {
      hint: 'Check the digest of the file, and that ENCRYPTION_KEY_SECRET_NAME still holds the key it was sealed with.',
      cause,
    },
  );
}
