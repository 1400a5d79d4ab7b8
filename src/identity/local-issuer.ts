import { createPublicKey, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importPKCS8, importSPKI, SignJWT } from 'jose';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { type KeySource, signatureAlgorithm } from './key-source.ts';
import { claimNames } from './wire-names.ts';

/** Keeps one text under a name: the first caller's, for all processes that share the folder. */
export interface LocalKeyFiles {
  loadOrCreate(name: string, create: () => Promise<string>): Promise<string>;
}

export interface LocalIssuerOptions {
  readonly issuer: string;
  readonly keyFiles: LocalKeyFiles;
  readonly clock: Clock;
  readonly production: boolean;
}

export interface TokenRequest {
  readonly subject: string;
  readonly audience: string;
  readonly roles: readonly string[];
  /** Keys of tenants. */
  readonly tenantKeys: readonly string[];
  readonly groups: readonly string[];
  readonly ttlSeconds: number;
}

export interface LocalIssuer {
  readonly keys: KeySource;
  /** A signed token, in the form that a production issuer would give. */
  mint(request: TokenRequest): Promise<string>;
}

const keyFileName = 'dev-issuer.pem';

/** An issuer for development: its key pair is made at the first start and stays on this machine. */
export async function createLocalIssuer({ issuer, keyFiles, clock, production }: LocalIssuerOptions): Promise<LocalIssuer> {
  if (production) {
    throw new AppError('misconfigured', 'The development issuer never runs in production', {
      hint: 'Set AUTH_JWKS_URI or AUTH_PUBLIC_KEY to trust a real issuer.',
    });
  }
  const pem = await keyFiles.loadOrCreate(keyFileName, newPrivateKey);
  const { privateKey, publicKey, kid } = await readPair(pem);
  return {
    keys: { keyFor: async () => publicKey },
    async mint({ subject, audience, roles, tenantKeys, groups, ttlSeconds }) {
      const now = Math.floor(clock.now() / 1000);
      const claims = { [claimNames.roles]: roles, [claimNames.tenantKeys]: tenantKeys, [claimNames.groups]: groups };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: signatureAlgorithm, typ: 'at+jwt', kid })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + ttlSeconds)
        .sign(privateKey);
    },
  };
}

async function newPrivateKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(signatureAlgorithm, { extractable: true });
  return exportPKCS8(privateKey);
}

async function readPair(pem: string) {
  try {
    const publicPem = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
    const publicKey = await importSPKI(publicPem, signatureAlgorithm, { extractable: true });
    const privateKey = await importPKCS8(pem, signatureAlgorithm);
    return { privateKey, publicKey, kid: await calculateJwkThumbprint(await exportJWK(publicKey)) };
  } catch (cause) {
    throw new AppError('misconfigured', `The local key file ${keyFileName} cannot be read as a key`, {
      hint: 'Delete it: a new pair is made at the next start, and older development tokens end.',
      cause,
    });
  }
}
