import { createHmac, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { createTokenVerifier } from '../../src/identity/verify-token.ts';
import { rsaPair } from '../support/key-pair.ts';

const nowSeconds = 1_800_000_000;
const resource = 'https://mcp.example.com/mcp';
const { publicKey, privateKey } = rsaPair();
const other = rsaPair();
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const keys = await createPublicKeySource(publicPem);

const good = { iss: 'zava-auth', aud: 'mcp-server', sub: 'ann', iat: nowSeconds, exp: nowSeconds + 3600 };

function clockAt(seconds: number): Clock & { seconds: number } {
  return {
    seconds,
    now() {
      return this.seconds * 1000;
    },
    monotonic: () => 0,
  };
}

function verifier(clock: Clock = clockAt(nowSeconds), source = keys) {
  return createTokenVerifier({
    issuer: 'zava-auth',
    audiences: ['mcp-server', resource],
    keys: source,
    clock,
    tenantKeyClaim: 'rls_user_id',
  });
}

function segment(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function sign(payload: Record<string, unknown>, header: Record<string, unknown> = {}, key: KeyObject = privateKey) {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...header }).sign(key);
}

/** Signs a payload that JSON.stringify could not write. */
async function signText(payload: string): Promise<string> {
  const { sign: signBytes } = await import('node:crypto');
  const input = `${segment({ alg: 'RS256', typ: 'JWT' })}.${segment(payload)}`;
  return `${input}.${signBytes('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

function without(claim: keyof typeof good): Record<string, unknown> {
  return Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim));
}

async function refusal(token: string, verify = verifier()): Promise<AppError> {
  const outcome = await verify.verify(token).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(AppError);
  expect((outcome as AppError).code).toBe('unauthenticated');
  return outcome as AppError;
}

describe('a good token', () => {
  test('yields every claim that matters', async () => {
    const token = await sign({
      ...good,
      nbf: nowSeconds,
      jti: 'j1',
      roles: ['store_manager'],
      permissions: ['costs:read'],
      allowed_stores: ['a'],
      allowed_regions: ['Puget Sound'],
      rls_user_id: 'b',
      scope: 'catalog:read  sales:read',
      scp: ['openid'],
      email: 'somebody@example.com',
    });
    expect(await verifier().verify(token)).toEqual({
      issuer: 'zava-auth',
      subject: 'ann',
      tokenId: 'j1',
      issuedAt: nowSeconds,
      expiresAt: nowSeconds + 3600,
      roles: ['store_manager'],
      permissions: ['costs:read'],
      scopes: ['catalog:read', 'sales:read', 'openid'],
      tenantKeys: ['a', 'b'],
      groups: ['Puget Sound'],
    });
  });

  test('may leave out what is optional', async () => {
    const seen = await verifier().verify(await sign(good));
    expect(seen).toMatchObject({ tokenId: undefined, roles: [], permissions: [], scopes: [], tenantKeys: [], groups: [] });
  });

  test.each([
    ['the resource as audience', { aud: resource }, {}],
    ['one right audience among several', { aud: ['elsewhere', 'mcp-server'] }, {}],
    ['scp as one string', { scp: 'sales:read' }, {}],
    ['type at+jwt', {}, { typ: 'at+jwt' }],
    ['type application/at+jwt', {}, { typ: 'application/at+jwt' }],
    ['no type', {}, { typ: undefined }],
    ['an expiry within the skew', { exp: nowSeconds - 59 }, {}],
    ['a not-before within the skew', { nbf: nowSeconds + 60 }, {}],
    ['an issue time within the skew', { iat: nowSeconds + 60 }, {}],
  ])('is accepted with %s', async (_what, payload, header) => {
    expect((await verifier().verify(await sign({ ...good, ...payload }, header))).subject).toBe('ann');
  });

  test('is judged by our key even when it brings one of its own', async () => {
    const jwk = other.publicKey.export({ format: 'jwk' });
    const header = { jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert', x5c: ['AAAA'] };
    expect((await verifier().verify(await sign(good, header))).subject).toBe('ann');
    await refusal(await sign(good, header, other.privateKey));
  });
});

describe('attacks', () => {
  const hmac = (secret: string | Buffer) => {
    const input = `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment(good)}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };

  test.each([
    ['algorithm none', () => `${segment({ alg: 'none' })}.${segment(good)}.`],
    ['algorithm NONE with a signature', () => `${segment({ alg: 'NONE' })}.${segment(good)}.AAAA`],
    ['HS256 with the public key as secret', () => hmac(publicPem)],
    ['HS256 with the public key as DER', () => hmac(publicKey.export({ type: 'spki', format: 'der' }))],
    ['RS512', () => sign(good, { alg: 'RS512' })],
    ['PS256', () => sign(good, { alg: 'PS256' })],
    ['another key', () => sign(good, {}, other.privateKey)],
    ['a missing algorithm', () => `${segment({ typ: 'JWT' })}.${segment(good)}.AAAA`],
    ['an algorithm list', () => `${segment({ alg: ['RS256'] })}.${segment(good)}.AAAA`],
    ['an unknown critical header', () => `${segment({ alg: 'RS256', crit: ['x'], x: 1 })}.${segment(good)}.AAAA`],
    ['an unencoded payload', () => `${segment({ alg: 'RS256', crit: ['b64'], b64: false })}.${segment(good)}.AAAA`],
    ['an encrypted token', () => `${segment({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`],
    ['an altered payload', async () => (await sign(good)).replace(/\.[^.]+\./, `.${segment({ ...good, sub: 'bob' })}.`)],
    ['a cut signature', async () => (await sign(good)).slice(0, -4)],
    ['a payload that is no object', () => signText('["a"]')],
    ['a payload that is no JSON', () => signText('{')],
    ['an empty text', () => ''],
    ['one word', () => 'token'],
  ])('%s is refused, and nobody learns why', async (_what, make) => {
    expect((await refusal(await make())).message).toMatch(/is not a token that this server trusts|has the wrong shape/);
  });

  test('the algorithm is refused before a key is looked up', async () => {
    const keyFor = vi.fn(keys.keyFor);
    await refusal(hmac(publicPem), verifier(clockAt(nowSeconds), { keyFor }));
    expect(keyFor).not.toHaveBeenCalled();
  });

  test('a token over 8 KiB is refused before it is read', async () => {
    const keyFor = vi.fn(keys.keyFor);
    const error = await refusal(await sign({ ...good, padding: 'x'.repeat(8192) }), verifier(clockAt(nowSeconds), { keyFor }));
    expect(error.message).toContain('8 KiB');
    expect(keyFor).not.toHaveBeenCalled();
  });

  test('whatever is sent, the answer is "unauthenticated"', async () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.json().map(segment), fc.object().map(segment));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        await refusal(parts.join('.'));
      }),
    );
  });
});

describe('claims that are missing or wrong', () => {
  test.each(['iss', 'aud', 'sub', 'iat', 'exp'] as const)('without %s', async (claim) => {
    expect((await refusal(await sign(without(claim)))).message).toContain(`"${claim}"`);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['another issuer', { iss: 'evil' }, '"iss"'],
    ['a list of issuers', { iss: ['zava-auth'] }, '"iss"'],
    ['another audience', { aud: 'elsewhere' }, '"aud"'],
    ['an audience in other letters', { aud: 'MCP-SERVER' }, '"aud"'],
    ['no audience in the list', { aud: [] }, '"aud"'],
    ['an expiry just past the skew', { exp: nowSeconds - 60 }, 'expired'],
    ['a not-before past the skew', { nbf: nowSeconds + 61 }, '"nbf"'],
    ['a not-before that is text', { nbf: '0' }, '"nbf"'],
    ['an issue time past the skew', { iat: nowSeconds + 61 }, 'issued in the future'],
    ['an issue time that is text', { iat: String(nowSeconds) }, '"iat"'],
    ['an expiry that is text', { exp: String(nowSeconds + 60) }, '"exp"'],
    ['an empty subject', { sub: '' }, '"sub"'],
    ['a subject that is a number', { sub: 7 }, '"sub"'],
    ['a token id that is a number', { jti: 7 }, '"jti"'],
    ['roles as text', { roles: 'super_admin' }, '"roles"'],
    ['roles in a nested list', { roles: [['super_admin']] }, '"roles"'],
    ['roles as an object', { roles: { 0: 'super_admin' } }, '"roles"'],
    ['roles as null', { roles: null }, '"roles"'],
    ['Roles in another case', { Roles: ['super_admin'] }, '"Roles"'],
    ['permissions as text', { permissions: 'ops:read' }, '"permissions"'],
    ['stores as text', { allowed_stores: 'a' }, '"allowed_stores"'],
    ['stores as numbers', { allowed_stores: [1] }, '"allowed_stores"'],
    ['Allowed_Stores in another case', { Allowed_Stores: ['a'] }, '"Allowed_Stores"'],
    ['regions as text', { allowed_regions: 'Puget Sound' }, '"allowed_regions"'],
    ['one store as a list', { rls_user_id: ['a'] }, '"rls_user_id"'],
    ['one store in another case', { RLS_User_Id: 'a' }, '"RLS_User_Id"'],
    ['scope as a list', { scope: ['sales:read'] }, '"scope"'],
    ['scp as an object', { scp: { a: 1 } }, '"scp"'],
  ])('%s is refused by name', async (_what, payload, named) => {
    expect((await refusal(await sign({ ...good, ...payload }))).message).toContain(named);
  });

  test('an expiry beyond all numbers is refused', async () => {
    const payload = JSON.stringify(good).replace(/"exp":\d+/, '"exp":1e999');
    expect((await refusal(await signText(payload))).message).toContain('"exp"');
  });

  test.each([['dpop+jwt'], ['logout+jwt'], ['secevent+jwt'], [['JWT'] as unknown as string]])(
    'type %s is refused',
    async (typ) => {
      expect((await refusal(await sign(good, { typ }))).message).toContain('type');
    },
  );
});

describe('remembered tokens', () => {
  test('are verified once until they expire, and not beyond', async () => {
    const keyFor = vi.fn(keys.keyFor);
    const clock = clockAt(nowSeconds);
    const verify = verifier(clock, { keyFor });
    const token = await sign({ ...good, exp: nowSeconds + 10 });
    const first = await verify.verify(token);
    expect(await verify.verify(token)).toBe(first);
    expect(keyFor).toHaveBeenCalledTimes(1);
    clock.seconds += 10;
    expect(await verify.verify(token)).toEqual(first);
    expect(keyFor).toHaveBeenCalledTimes(2);
    clock.seconds += 60;
    expect((await refusal(token, verify)).message).toContain('expired');
  });

  test('do not include refused ones', async () => {
    const clock = clockAt(nowSeconds);
    const verify = verifier(clock);
    const token = await sign({ ...good, nbf: nowSeconds + 100 });
    await refusal(token, verify);
    clock.seconds += 100;
    expect((await verify.verify(token)).subject).toBe('ann');
  });
});

test('a failure of the key source stays what it is', async () => {
  const down = new AppError('dependency_unavailable', 'The token keys cannot be had');
  const verify = verifier(clockAt(nowSeconds), { keyFor: async () => Promise.reject(down) });
  await expect(verify.verify(await sign(good))).rejects.toBe(down);
});
