import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;

/**
 * Read back from their texts. A pair as Node makes it shares a lock with what made it: where that is collected while the key is written as
 * a JWK, as jose does to sign with it, the process waits for itself for ever (Node 20 to 24).
 */
const readBack = (made: { publicKey: string; privateKey: string }) => ({
  publicKey: createPublicKey(made.publicKey),
  privateKey: createPrivateKey(made.privateKey),
});

export const rsaPair = (modulusLength = 2048) =>
  readBack(generateKeyPairSync('rsa', { modulusLength, publicKeyEncoding, privateKeyEncoding }));
export const ecPair = () => readBack(generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding }));
export const edPair = () => readBack(generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding }));
