import { createPublicKey } from 'node:crypto';
import { type CryptoKey, importSPKI, type JWSHeaderParameters } from 'jose';
import { AppError } from '../core/errors.ts';

/** The one signature algorithm that is accepted and used. */
export const signatureAlgorithm = 'RS256';

/** Where verification keys come from. A source reads the `kid` of a header and nothing else that a token brings along. */
export interface KeySource {
  /** Throws `unauthenticated` for a key it does not have, `dependency_unavailable` when keys cannot be had. */
  keyFor(header: JWSHeaderParameters): Promise<CryptoKey>;
}

const leastBits = 2048; // RFC 7518, section 3.3

/** The issuer's public key as PEM: SPKI, PKCS #1 or a certificate. `\n` may stand for line breaks, as in environment files. */
export async function createPublicKeySource(pem: string): Promise<KeySource> {
  const key = await importSPKI(publicSpki(pem.replaceAll('\\n', '\n')), signatureAlgorithm);
  return { keyFor: async () => key };
}

function publicSpki(pem: string): string {
  if (pem.includes('PRIVATE KEY')) throw unusable('it is a private key', 'give the public half only, and replace the pair');
  const key = readPublicKey(pem);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa') throw unusable(`it is of type ${key.asymmetricKeyType}`, 'RS256 needs an RSA key');
  if (bits < leastBits) throw unusable(`it has ${bits} bits`, `RS256 needs at least ${leastBits}`);
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function readPublicKey(pem: string) {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw unusable('it is not PEM', 'it begins with -----BEGIN PUBLIC KEY-----', cause);
  }
}

function unusable(what: string, hint: string, cause?: unknown): AppError {
  return new AppError('misconfigured', `The public key of the token issuer cannot be used: ${what}`, { hint, cause });
}
