import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { KeyRing } from './key-ring.ts';

/** A PKCS #8 Ed25519 key is this and the 32 bytes of its seed (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Signs the heads of the audit trail by Ed25519 (RFC 8032) with keys derived from the ring's: the newest signs, every one
 * verifies. An auditor needs only the public keys.
 */
export function createHeadSigner(ring: KeyRing) {
  const privateKeys = new Map<string, KeyObject>();
  const publicKeys: Record<string, string> = {};
  for (const id of ring.ids) {
    const seed = ring.keyFor(id, 'audit-head');
    if (seed === undefined) continue;
    const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
    privateKeys.set(id, privateKey);
    publicKeys[id] = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  }
  const keyId = ring.newestId;
  return {
    keyId,
    /** base64url */
    sign(text: string): string {
      const key = privateKeys.get(keyId);
      if (key === undefined) throw new Error(`the key ring lost its key ${keyId}`);
      return sign(null, Buffer.from(text), key).toString('base64url');
    },
    verify: createHeadVerifier(publicKeys),
    /** PEM by key id, to be handed to whoever verifies without the server's keys. */
    publicKeys: () => publicKeys,
  };
}

/** Of PEM public keys by their ids. False for a key that is not among them, too. */
export function createHeadVerifier(publicKeys: Readonly<Record<string, string>>) {
  const keys = new Map(Object.entries(publicKeys).map(([id, pem]) => [id, createPublicKey(pem)]));
  return (text: string, id: string, signature: string): boolean => {
    const key = keys.get(id);
    return key !== undefined && verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
  };
}
