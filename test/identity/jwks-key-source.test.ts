import type { KeyObject } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createJwksKeySource, type JwksKeySourceOptions } from '../../src/identity/jwks-key-source.ts';
import { createTokenVerifier } from '../../src/identity/verify-token.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { ecPair, rsaPair } from '../support/key-pair.ts';
import { keyServer } from '../support/key-server.ts';

const [first, second, weak] = [rsaPair(), rsaPair(), rsaPair(1024)];
const jwk = (key: KeyObject, kid?: string, more: object = {}) => ({
  ...key.export({ format: 'jwk' }),
  ...(kid && { kid }),
  ...more,
});

let issuer: Awaited<ReturnType<typeof keyServer>>;
let clock: HandClock;
let observations: Observation[];
beforeEach(async () => {
  issuer = await keyServer();
  clock = handClock();
  observations = [];
});
afterEach(() => issuer.close());

const publish = (...keys: object[]) => issuer.documents.set('/keys', { keys });
const source = (changes: Partial<JwksKeySourceOptions> = {}) =>
  createJwksKeySource({
    address: `${issuer.url}/keys`,
    production: false,
    clock,
    note: (observation) => observations.push(observation),
    ...changes,
  });
const token = (key: KeyObject, header: object = {}) => {
  const now = Math.floor(clock.now() / 1000);
  return new SignJWT({ iss: 'zava-auth', aud: 'mcp-server', sub: 'ann', iat: now, exp: now + 30 * 3600 })
    .setProtectedHeader({ alg: 'RS256', ...header })
    .sign(key);
};
/** `accepted`, or the code of the refusal. */
function judge(keys = source()) {
  const verifier = createTokenVerifier({
    issuer: 'zava-auth',
    audiences: ['mcp-server'],
    keys,
    clock,
    tenantKeyClaim: 'rls_user_id',
  });
  return async (key: KeyObject, header: object = {}) => {
    // Made anew each time, since a verified token would be remembered.
    clock.advance(1000);
    return verifier.verify(await token(key, header)).then(
      () => 'accepted',
      (error: AppError) => error.code,
    );
  };
}

describe('keys', () => {
  test('are chosen by key id', async () => {
    publish(jwk(first.publicKey, 'a'), jwk(second.publicKey, 'b'));
    const outcome = judge();
    expect(await outcome(first.privateKey, { kid: 'a' })).toBe('accepted');
    expect(await outcome(second.privateKey, { kid: 'b' })).toBe('accepted');
    expect(await outcome(second.privateKey, { kid: 'a' })).toBe('unauthenticated');
  });

  test('need no id where there is one key, and need one where there are several', async () => {
    publish(jwk(first.publicKey, 'a'));
    expect(await judge()(first.privateKey)).toBe('accepted');
    publish(jwk(first.publicKey, 'a'), jwk(second.publicKey, 'b'));
    expect(await judge()(first.privateKey)).toBe('unauthenticated');
  });

  test('with the same id twice are none', async () => {
    publish(jwk(first.publicKey, 'a'), jwk(second.publicKey, 'a'));
    expect(await judge()(first.privateKey, { kid: 'a' })).toBe('unauthenticated');
  });

  test.each<[string, object]>([
    ['for encryption', jwk(first.publicKey, 'a', { use: 'enc' })],
    ['for another algorithm', jwk(first.publicKey, 'a', { alg: 'RS512' })],
    ['for other operations', jwk(first.publicKey, 'a', { key_ops: ['encrypt'] })],
    ['with operations of the wrong shape', jwk(first.publicKey, 'a', { key_ops: 'verify' })],
    ['of another type', jwk(ecPair().publicKey, 'a')],
    ['that are private', jwk(first.privateKey, 'a')],
    ['that are symmetric', { kty: 'oct', kid: 'a', k: 'c2VjcmV0' }],
    ['without a modulus', { kty: 'RSA', kid: 'a', e: 'AQAB' }],
    ['without an exponent', { kty: 'RSA', kid: 'a', n: 'AQAB' }],
  ])('%s are not used', async (_what, key) => {
    publish(key);
    expect(await judge()(first.privateKey, { kid: 'a' })).toBe('unauthenticated');
  });

  test('of 1024 bits are not used', async () => {
    publish(jwk(weak.publicKey, 'a'));
    const error = await source()
      .keyFor({ alg: 'RS256', kid: 'a' })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  test('stand beside keys for other purposes', async () => {
    publish(jwk(first.publicKey, 'a', { use: 'enc' }), jwk(second.publicKey, 'a', { use: 'sig', key_ops: ['verify'] }));
    expect(await judge()(second.privateKey, { kid: 'a' })).toBe('accepted');
  });
});

describe('the key set', () => {
  test('is fetched once an hour, and once for calls at the same time', async () => {
    publish(jwk(first.publicKey, 'a'));
    const outcome = judge();
    await Promise.all([1, 2, 3].map(() => outcome(first.privateKey, { kid: 'a' })));
    clock.advance(3_590_000);
    await outcome(first.privateKey, { kid: 'a' });
    expect(issuer.requests).toHaveLength(1);
    clock.advance(10_000);
    await outcome(first.privateKey, { kid: 'a' });
    expect(issuer.requests).toHaveLength(2);
  });

  test('is fetched at most once a minute, whatever ids strangers make up', async () => {
    publish(jwk(first.publicKey, 'a'));
    const outcome = judge();
    for (let call = 0; call < 50; call += 1) await outcome(second.privateKey, { kid: `made-up-${call}` });
    expect(issuer.requests).toHaveLength(1);
    clock.advance(60_000);
    for (let call = 0; call < 5; call += 1) await outcome(second.privateKey, { kid: `more-${call}` });
    expect(issuer.requests).toHaveLength(2);
  });

  test('is followed when the issuer changes keys', async () => {
    publish(jwk(first.publicKey, 'a'));
    const outcome = judge();
    await outcome(first.privateKey, { kid: 'a' });
    publish(jwk(second.publicKey, 'b'));
    clock.advance(60_000);
    expect(await outcome(second.privateKey, { kid: 'b' })).toBe('accepted');
    expect(await outcome(first.privateKey, { kid: 'a' })).toBe('unauthenticated');
  });

  test('that is empty withdraws every key', async () => {
    publish(jwk(first.publicKey, 'a'));
    const outcome = judge();
    expect(await outcome(first.privateKey, { kid: 'a' })).toBe('accepted');
    publish();
    clock.advance(3_600_000);
    expect(await outcome(first.privateKey, { kid: 'a' })).toBe('unauthenticated');
  });
});

describe('an issuer that cannot be reached', () => {
  test('from the start: calls fail as dependency_unavailable, and a new attempt is made every five seconds', async () => {
    const outcome = judge();
    expect(await outcome(first.privateKey)).toBe('dependency_unavailable');
    expect(await outcome(first.privateKey)).toBe('dependency_unavailable');
    expect(issuer.requests).toHaveLength(1);
    publish(jwk(first.publicKey, 'a'));
    clock.advance(5000);
    expect(await outcome(first.privateKey)).toBe('accepted');
    expect(observations).toEqual([expect.objectContaining({ kind: 'fault_met', where: 'token keys' })]);
  });

  test('later: the keys it had stay good for a day', async () => {
    publish(jwk(first.publicKey, 'a'));
    const outcome = judge();
    await outcome(first.privateKey);
    issuer.documents.clear();
    clock.advance(3_600_000);
    expect(await outcome(first.privateKey)).toBe('accepted');
    expect(await outcome(first.privateKey)).toBe('accepted');
    expect(issuer.requests).toHaveLength(2);
    clock.advance(22 * 3_600_000);
    expect(await outcome(first.privateKey)).toBe('accepted');
    clock.advance(3_600_000);
    expect(await outcome(first.privateKey)).toBe('dependency_unavailable');
  });
});

describe('an answer', () => {
  const redirect = (response: ServerResponse) => {
    response.writeHead(302, { Location: `${issuer.url}/elsewhere` }).end();
  };
  const endless = (response: ServerResponse) => {
    response.on('error', () => {});
    const more = () => !response.destroyed && response.write('x'.repeat(65_536), more);
    more();
  };
  test.each<[string, unknown]>([
    ['that redirects', redirect],
    ['without end', endless],
    ['that never comes', () => {}],
    ['that is no JSON', '<html>'],
    ['that is no key set', { keys: 'a' }],
    ['that is a list', []],
    ['with too many keys', { keys: Array.from({ length: 101 }, () => ({})) }],
  ])('%s is an outage', async (_what, document) => {
    issuer.documents.set('/elsewhere', { keys: [jwk(first.publicKey, 'a')] });
    issuer.documents.set('/keys', document);
    expect(await judge(source({ timeoutMs: 500 }))(first.privateKey)).toBe('dependency_unavailable');
    expect(issuer.requests).not.toContain('/elsewhere');
  });
});

describe('an address', () => {
  test.each<[string, boolean]>([
    ['http://login.example.com/keys', false],
    ['http://127.0.0.1/keys', true],
    ['http://127.0.0.1.example.com/keys', false],
    ['https://user:password@login.example.com/keys', false],
    ['file:///etc/keys', false],
    ['no address', false],
  ])('%s is refused at the start', (address, production) => {
    expect(() => source({ address, production })).toThrow(expect.objectContaining({ code: 'misconfigured' }));
  });

  test.each(['http://localhost:1/keys', 'http://[::1]:1/keys', 'https://login.example.com/keys'])('%s is taken', (address) => {
    expect(() => source({ address })).not.toThrow();
  });

  test('found later is held to the same', async () => {
    const keys = source({ address: async () => 'http://login.example.com/keys' });
    expect(await judge(keys)(first.privateKey)).toBe('dependency_unavailable');
    expect(observations).toEqual([expect.objectContaining({ error: expect.any(AppError) })]);
  });
});
