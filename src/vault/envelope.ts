import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { KeyRing } from './key-ring.ts';

/** What a sealed value belongs to. It opens nowhere else: the context is authenticated with it (AAD), not stored in it. */
export interface SealContext {
  /** For example `cursor` or `notifier credentials`. */
  readonly purpose: string;
  /** For example a subject or a tenant's id; empty where the value belongs to nobody in particular. */
  readonly tenant: string;
}

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const envelopeForm = /^v1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{22})$/;

/**
 * `v1.<key id>.<nonce>.<ciphertext>.<tag>`, AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D, section 8.2.2: good for
 * 2^32 values a key).
 */
export function createEnvelope(ring: () => KeyRing) {
  const open = (sealed: string, context: SealContext): Buffer => {
    const [, id, ...parts] = envelopeForm.exec(sealed) ?? [];
    const [nonce, ciphertext, tag] = parts.map(decode);
    const key = id === undefined ? undefined : ring().keyFor(id, 'value');
    if (id === undefined || key === undefined || nonce === undefined || ciphertext === undefined || tag === undefined) {
      throw notOpened();
    }
    const decipher = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(associated(id, context)).setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } catch (cause) {
      throw notOpened(cause);
    }
  };
  const seal = (plain: Uint8Array | string, context: SealContext): string => {
    const id = ring().newestId;
    const nonce = randomBytes(nonceBytes);
    const encipher = createCipheriv(cipher, keyOf(ring(), id), nonce, { authTagLength: tagBytes });
    encipher.setAAD(associated(id, context));
    const ciphertext = Buffer.concat([encipher.update(plain), encipher.final()]);
    return ['v1', id, ...[nonce, ciphertext, encipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
  };
  return {
    seal,
    open,
    /** The same value under the newest key; unchanged when it is already. */
    rotate(sealed: string, context: SealContext): string {
      return sealed.split('.')[1] === ring().newestId ? sealed : seal(open(sealed, context), context);
    },
  };
}

/** Written as JSON, so that no other split of the same letters is the same context. */
function associated(id: string, { purpose, tenant }: SealContext): Buffer {
  return Buffer.from(JSON.stringify(['v1', id, purpose, tenant]));
}

function keyOf(ring: KeyRing, id: string): Uint8Array {
  const key = ring.keyFor(id, 'value');
  if (key === undefined) throw new Error(`the key ring lost its key ${id}`);
  return key;
}

/** base64url has several spellings for the same bytes where bits are left over; only one is taken. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** One answer for every reason: which part was wrong is nobody's business. */
function notOpened(cause?: unknown): AppError {
  return new AppError(
    'invalid_input',
    'The sealed value cannot be opened: it was changed, belongs elsewhere or its key is gone',
    { cause },
  );
}
