import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { KeyRing } from './key-ring.ts';

/** A PKCS #8 Ed25519 key is this and the 32 bytes of its seed (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Signs the heads of the audit trail by Ed25519 (RFC 8032) with keys derived from the ring's: the newest signs, every one
 * verifies. An auditor needs only the public keys.
 */
export function createHeadSigner(ring: KeyRing) {
  const keys = new Map<string, { privateKey: KeyObject; publicKey: KeyObject }>();
  for (const id of ring.ids) {
    const seed = ring.keyFor(id, 'audit-head');
    if (seed === undefined) continue;
    const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
    keys.set(id, { privateKey, publicKey: createPublicKey(privateKey) });
  }
  const keyId = ring.newestId;
  return {
    keyId,
    /** base64url */
    sign(text: string): string {
      const key = keys.get(keyId);
      if (key === undefined) throw new Error(`the key ring lost its key ${keyId}`);
      return sign(null, Buffer.from(text), key.privateKey).toString('base64url');
    },
    /** False for a key that is not on the ring, too. */
    verify(text: string, id: string, signature: string): boolean {
      const key = keys.get(id);
      return key !== undefined && verify(null, Buffer.from(text), key.publicKey, Buffer.from(signature, 'base64url'));
    },
    /** PEM by key id, to be handed to whoever verifies without the server's keys. */
    publicKeys: (): Record<string, string> =>
      Object.fromEntries(
        [...keys].map(([id, { publicKey }]) => [id, publicKey.export({ type: 'spki', format: 'pem' }).toString()]),
      ),
  };
}
