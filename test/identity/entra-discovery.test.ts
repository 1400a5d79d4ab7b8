import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { entraIssuer } from '../../src/identity/entra-discovery.ts';
import { createJwksKeySource } from '../../src/identity/jwks-key-source.ts';
import { createTokenVerifier } from '../../src/identity/verify-token.ts';
import { rsaPair } from '../support/key-pair.ts';
import { keyServer } from '../support/key-server.ts';

const tenantId = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const discovery = `/${tenantId}/v2.0/.well-known/openid-configuration`;
const { publicKey, privateKey } = rsaPair();

/** A stand-in: it answers as Entra's documentation says, and is not Entra. */
let standIn: Awaited<ReturnType<typeof keyServer>>;
beforeEach(async () => {
  standIn = await keyServer();
  standIn.documents.set(discovery, {
    issuer: `${standIn.url}/${tenantId}/v2.0`,
    jwks_uri: `${standIn.url}/${tenantId}/discovery/v2.0/keys`,
  });
  standIn.documents.set(`/${tenantId}/discovery/v2.0/keys`, {
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'entra-1', use: 'sig' }],
  });
});
afterEach(() => standIn.close());

const directory = (id = tenantId) => entraIssuer({ tenantId: id, authority: standIn.url, production: false });

describe('tokens of a directory, from a stand-in for Entra', () => {
  const verify = (payload: object) => {
    const { issuer, keysAddress } = directory();
    const keys = createJwksKeySource({ address: keysAddress, production: false, clock: systemClock, note: () => {} });
    const verifier = createTokenVerifier({
      issuer,
      audiences: ['api-id'],
      keys,
      clock: systemClock,
      tenantKeyClaim: 'rls_user_id',
    });
    return new SignJWT({ iss: issuer, aud: 'api-id', sub: 'pairwise', ...payload })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'entra-1' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
      .then((token) => verifier.verify(token));
  };

  test('app roles are roles, and scp are scopes', async () => {
    expect(await verify({ roles: ['super_admin'], scp: 'sales:read catalog:read', tid: tenantId, ver: '2.0' })).toMatchObject({
      roles: ['super_admin'],
      scopes: ['sales:read', 'catalog:read'],
    });
    expect(standIn.requests).toEqual([discovery, `/${tenantId}/discovery/v2.0/keys`]);
  });

  test('of another directory are refused', async () => {
    const other = `${standIn.url}/11111111-2222-3333-4444-555555555555/v2.0`;
    await expect(verify({ iss: other })).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

test.each<[string, unknown]>([
  ['of another issuer', { issuer: 'https://evil.example', jwks_uri: 'https://evil.example/keys' }],
  [
    'with a placeholder for the directory',
    { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0', jwks_uri: 'https://a' },
  ],
  ['without a key set', { issuer: 'x' }],
  ['that is no object', '"text"'],
])('a discovery document %s is not believed', async (_what, document) => {
  standIn.documents.set(discovery, document);
  await expect(directory().keysAddress()).rejects.toThrow('discovery document');
});

test.each(['common', 'organizations', 'consumers', 'contoso.onmicrosoft.com', ''])(
  'AZURE_TENANT_ID=%s names no single directory, and is refused',
  (id) => {
    expect(() => directory(id)).toThrow(expect.objectContaining({ code: 'misconfigured' }));
  },
);

test('the directory’s id counts in any case, and the authority is Microsoft’s unless told otherwise', () => {
  expect(entraIssuer({ tenantId: tenantId.toUpperCase(), production: true }).issuer).toBe(
    `https://login.microsoftonline.com/${tenantId}/v2.0`,
  );
});
