import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TrustedIssuer } from '../../src/app/identity-edge.ts';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { keyOf } from '../identity/zava-directory.ts';
import { rsaPair } from './key-pair.ts';

/** Who the tokens of tests are for, by their claims. */
export const people = {
  seattle: { roles: ['store_manager'], allowed_stores: [keyOf(1)] },
  tacoma: { roles: ['store_manager'], allowed_stores: [keyOf(3)] },
  pugetSound: { roles: ['regional_manager'], allowed_regions: ['Puget Sound'] },
  headOffice: { roles: ['super_admin'] },
  /** May watch the server, and see no sales. */
  operator: { roles: ['super_admin'], scope: 'ops:read' },
  /** May search the catalogue alone. */
  catalogue: { roles: ['store_manager'], allowed_stores: [keyOf(1)], scope: 'catalog:read' },
  /** May read sales, of no store. */
  nowhere: { roles: ['store_manager'] },
} as const;
export type PersonName = keyof typeof people;

/** An issuer of the tests' own, with a token for whoever is asked for. */
export async function testIssuer() {
  const { publicKey, privateKey } = rsaPair();
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const trusted: TrustedIssuer = { issuer: 'zava-auth', keys: await createPublicKeySource(pem) };
  const tokenWith = (
    claims: object,
    { subject = 'somebody', jti = randomUUID(), lifetime = '1h' }: { subject?: string; jti?: string; lifetime?: string } = {},
  ): Promise<string> =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer('zava-auth')
      .setAudience('mcp-server')
      .setSubject(subject)
      .setJti(jti)
      .setIssuedAt()
      .setExpirationTime(lifetime)
      .sign(privateKey);
  return {
    trusted,
    tokenWith,
    tokenOf: (name: PersonName, options: { jti?: string; lifetime?: string } = {}) =>
      tokenWith(people[name], { subject: name, ...options }),
  };
}
