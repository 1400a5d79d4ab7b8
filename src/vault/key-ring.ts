import { hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { LocalKeys } from './local-keys.ts';
import type { SecretStore } from './secret-store.ts';

export interface EncryptionKey {
  /** Letters, digits, `-` and `_`. */
  readonly id: string;
  readonly key: Uint8Array;
}

const keyBytes = 32;
export const keyRingFile = 'encryption.key';
const keyForm = /^([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/]+={0,2})$/;

/** What a key may be used for. Each use has a key of its own, derived from the one that is kept (HKDF, RFC 5869). */
export type KeyUse = 'value' | 'stream' | 'audit-head';

/** Several keys: the newest encrypts, every one decrypts. */
export interface KeyRing {
  readonly newestId: string;
  readonly ids: readonly string[];
  /** 32 bytes; undefined for a key that is not on the ring. */
  keyFor(id: string, use: KeyUse): Uint8Array | undefined;
}

/** Keys come newest first. */
export function createKeyRing(keys: readonly EncryptionKey[]): KeyRing {
  const [newest] = keys;
  if (newest === undefined) throw new RangeError('a key ring needs a key');
  const derived = new Map<string, Uint8Array>();
  for (const { id, key } of keys) {
    if (key.byteLength !== keyBytes)
      throw new RangeError(`the key ${id} has ${key.byteLength} bytes where ${keyBytes} are needed`);
    for (const use of ['value', 'stream', 'audit-head'] satisfies KeyUse[]) {
      const name = `${id} ${use}`;
      if (derived.has(name)) throw new RangeError(`two keys are called ${id}`);
      derived.set(name, new Uint8Array(hkdfSync('sha256', key, '', `zava ${use} v1`, keyBytes)));
    }
  }
  return { newestId: newest.id, ids: keys.map(({ id }) => id), keyFor: (id, use) => derived.get(`${id} ${use}`) };
}

/**
 * `kid:base64`, one or several, newest first, with blanks, commas or line breaks between: the form in which the encryption key
 * is kept as a secret. `from` says where the text came from; the text itself is never repeated.
 */
export function parseKeyRing(text: string, from: string): KeyRing {
  const keys = text.split(/[\s,]+/).filter((entry) => entry !== '');
  if (keys.length === 0) throw unusable(`${from} is empty`);
  const parsed = keys.map((entry, index) => {
    const [, id, encoded] = keyForm.exec(entry) ?? [];
    if (id === undefined || encoded === undefined) throw unusable(`${from}: entry ${index + 1} is not of the form kid:base64`);
    const key = Buffer.from(encoded, 'base64');
    if (key.byteLength !== keyBytes)
      throw unusable(`${from}: the key ${id} has ${key.byteLength} bytes where ${keyBytes} are needed`);
    return { id, key };
  });
  const twice = parsed.find(({ id }, index) => parsed.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined) throw unusable(`${from}: two keys are called ${twice.id}`);
  return createKeyRing(parsed);
}

/** The ring under ENCRYPTION_KEY_SECRET_NAME. */
export async function keyRingFromSecret(secrets: SecretStore, name: string): Promise<KeyRing> {
  const text = await secrets.get(name);
  if (text === undefined) {
    throw new AppError('misconfigured', `There is no secret called ${name}`, {
      hint: 'ENCRYPTION_KEY_SECRET_NAME must name a secret that the server can read.',
    });
  }
  return parseKeyRing(text, `The secret ${name}`);
}

/** The ring of this machine, made when it is first asked for. */
export async function localKeyRing(keys: LocalKeys): Promise<KeyRing> {
  const create = async () => addNewestKey('', newEncryptionKey(`local-${randomBytes(4).toString('hex')}`));
  return parseKeyRing(await keys.loadOrCreate(keyRingFile, create), `The file ${keyRingFile}`);
}

export function newEncryptionKey(id: string): EncryptionKey {
  return { id, key: randomBytes(keyBytes) };
}

/** A name that no other key has: the day, for people, and chance. */
export function datedKeyId(nowMs: number): string {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '');
  return `k${day}-${randomBytes(4).toString('hex')}`;
}

/** The text of a ring with one more, newest key. No key is ever left out: something sealed with it may still be kept. */
export function addNewestKey(text: string, { id, key }: EncryptionKey): string {
  const older = text.split(/[\s,]+/).filter((entry) => entry !== '');
  return [`${id}:${Buffer.from(key).toString('base64')}`, ...older].join(' ');
}

function unusable(what: string): AppError {
  return new AppError('misconfigured', `${what}: nothing can be encrypted with it`, {
    hint: 'Make a key with: echo "k1:$(openssl rand -base64 32)"',
  });
}
