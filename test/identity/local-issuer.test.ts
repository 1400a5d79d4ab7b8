import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { createLocalIssuer, type TokenRequest } from '../../src/identity/local-issuer.ts';
import { createTokenVerifier } from '../../src/identity/verify-token.ts';
import { createLocalKeys } from '../../src/vault/local-keys.ts';

const folder = await mkdtemp(join(tmpdir(), 'local-issuer-'));
afterAll(() => rm(folder, { recursive: true }));

const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 };
const request: TokenRequest = {
  subject: 'ann',
  audience: 'mcp-server',
  roles: ['store_manager'],
  tenantKeys: ['f47ac10b-58cc-4372-a567-0e02b2c3d479'],
  groups: ['Puget Sound'],
  ttlSeconds: 3600,
};

function start(directory: string, production = false) {
  return createLocalIssuer({ issuer: 'zava-auth', keyFiles: createLocalKeys(directory), clock, production });
}

function verifierFor({ keys }: Awaited<ReturnType<typeof start>>) {
  return createTokenVerifier({ issuer: 'zava-auth', audiences: ['mcp-server'], keys, clock, tenantKeyClaim: 'rls_user_id' });
}

test('its tokens pass the same verification as any other', async () => {
  const issuer = await start(join(folder, 'keys'));
  const token = await issuer.mint(request);
  expect(await verifierFor(issuer).verify(token)).toMatchObject({
    subject: 'ann',
    roles: ['store_manager'],
    tenantKeys: request.tenantKeys,
    groups: ['Puget Sound'],
    issuedAt: 1_800_000_000,
    expiresAt: 1_800_003_600,
  });
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
  expect(decodeJwt(token).jti).not.toBe(decodeJwt(await issuer.mint(request)).jti);
});

test('a token outlives a restart', async () => {
  const token = await (await start(join(folder, 'keys'))).mint(request);
  expect((await verifierFor(await start(join(folder, 'keys'))).verify(token)).subject).toBe('ann');
});

test('two processes that start at once agree on one key', async () => {
  const directory = join(folder, 'race');
  const [one, two] = await Promise.all([start(directory), start(directory)]);
  expect((await verifierFor(two).verify(await one.mint(request))).subject).toBe('ann');
  expect(await readdir(directory)).toEqual(['dev-issuer.pem']);
});

test('another installation does not trust it', async () => {
  const stranger = await start(join(folder, 'stranger'));
  const token = await (await start(join(folder, 'keys'))).mint(request);
  await expect(verifierFor(stranger).verify(token)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('production refuses it', async () => {
  await expect(start(join(folder, 'production'), true)).rejects.toMatchObject({ code: 'misconfigured' });
  expect(await readdir(folder)).not.toContain('production');
});

test('a damaged key file is named, with the way out', async () => {
  const directory = join(folder, 'damaged');
  await start(directory);
  await writeFile(join(directory, 'dev-issuer.pem'), 'nonsense');
  await expect(start(directory)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('dev-issuer.pem'),
    hint: expect.stringContaining('Delete it'),
  });
});
