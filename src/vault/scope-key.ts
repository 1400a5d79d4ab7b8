import { randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { LocalKeys } from './local-keys.ts';
import type { SecretStore } from './secret-store.ts';

/** Key that signs tenant scopes. */
export interface ScopeKey {
  /** Tells keys apart while two of them overlap: letters, digits, `-` and `_`. */
  readonly kid: string;
  readonly key: Uint8Array;
}

const keyBytes = 32;
const scopeKeyForm = /^([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/]+={0,2})$/;
export const scopeKeyFile = 'scope-signing.key';

export function newScopeKey(kid: string): ScopeKey {
  return { kid, key: randomBytes(keyBytes) };
}

/** `kid:base64`, the form in which a scope key is kept as a secret. */
export function formatScopeKey({ kid, key }: ScopeKey): string {
  return `${kid}:${Buffer.from(key).toString('base64')}`;
}

/** `from` says where the text came from; the text itself is never repeated. */
export function parseScopeKey(text: string, from: string): ScopeKey {
  const [, kid, encoded] = scopeKeyForm.exec(text.trim()) ?? [];
  if (kid === undefined || encoded === undefined) throw unusable(from, 'is not of the form kid:base64');
  const key = Buffer.from(encoded, 'base64');
  if (key.byteLength !== keyBytes) throw unusable(from, `holds ${key.byteLength} bytes where ${keyBytes} are needed`);
  return { kid, key };
}

/**
 * The key of this machine's own database, made at its first start. Its name is new each time: where the file of a rotated key
 * was deleted, the database would not take another key under a name that it has retired.
 */
export async function localScopeKey(keys: LocalKeys): Promise<ScopeKey> {
  const create = async () => formatScopeKey(newScopeKey(`local-${randomBytes(4).toString('hex')}`));
  return parseScopeKey(await keys.loadOrCreate(scopeKeyFile, create), `The file ${scopeKeyFile}`);
}

export async function scopeKeyFromSecret(secrets: SecretStore, name: string): Promise<ScopeKey> {
  const text = await secrets.get(name);
  if (text === undefined) {
    throw new AppError('misconfigured', `There is no secret called ${name}`, {
      hint: 'SCOPE_SIGNING_KEY_SECRET_NAME must name a secret that the server can read.',
    });
  }
  return parseScopeKey(text, `The secret ${name}`);
}

function unusable(from: string, what: string): AppError {
  return new AppError('misconfigured', `${from} ${what}: it cannot sign tenant scopes`, {
    hint: 'Make one with: echo "k1:$(openssl rand -base64 32)"',
  });
}
