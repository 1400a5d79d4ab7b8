import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { auditRecord, isAuditable } from '../../src/audit/record.ts';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { directory, keyOf } from '../identity/zava-directory.ts';
import { type EdgeStack, edgeStack } from '../support/edge-stack.ts';
import { rsaPair } from '../support/key-pair.ts';
import { postRaw } from '../support/raw-mcp.ts';

const { publicKey, privateKey } = rsaPair();
const revokedId = randomUUID();
const nowS = () => Math.floor(Date.now() / 1000);
let stack: EdgeStack;
beforeAll(async () => {
  const keys = await createPublicKeySource(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const revocations = [{ jti: revokedId, subject: null, revoked_at: '2020-01-01T00:00:00Z', expires_at: '2099-01-01T00:00:00Z' }];
  stack = await edgeStack({
    trusted: { issuer: 'zava-auth', keys },
    directory,
    database: {
      query: async (text) =>
        text.includes('revocations') && text.includes('SELECT')
          ? (revocations as unknown as Record<string, string | null>[])
          : [],
    },
    env: { RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '2', RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '1000' },
  });
});
afterAll(() => stack.close());
beforeEach(() => {
  stack.observations.length = 0;
});

interface Claims {
  subject?: string;
  audience?: string;
  expires?: number;
  id?: string;
  claims?: object;
}
const token = ({
  subject = randomUUID(),
  audience = 'mcp-server',
  expires = nowS() + 600,
  id = randomUUID(),
  claims = {},
}: Claims) =>
  new SignJWT({ roles: ['store_manager'], allowed_stores: [keyOf(1)], ...claims })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('zava-auth')
    .setAudience(audience)
    .setSubject(subject)
    .setJti(id)
    .setIssuedAt(nowS() - 1000)
    .setExpirationTime(expires)
    .sign(privateKey);

const body = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT 1' } },
});
const ask = (bearer: string, headers: Record<string, string> = {}) => postRaw(stack.mcpUrl, body, { token: bearer, headers });

const flooder = 'flooder';
const refusals: [what: string, status: number, send: () => Promise<Response>][] = [
  ['a foreign origin', 403, async () => ask(await token({}), { Origin: 'https://evil.example' })],
  ['a missing token', 401, () => ask('')],
  ['a malformed token', 401, () => ask('not.a.token')],
  ['an expired token', 401, async () => ask(await token({ expires: nowS() - 500 }))],
  ['a revoked token', 401, async () => ask(await token({ id: revokedId }))],
  ['a token for another audience', 401, async () => ask(await token({ audience: 'another' }))],
  [
    'a caller that is too fast',
    429,
    async () => {
      for (let call = 0; call < 2; call += 1) await ask(await token({ subject: flooder }));
      stack.observations.length = 0;
      return ask(await token({ subject: flooder }));
    },
  ],
  ['a store outside the token’s', 403, async () => ask(await token({}), { 'x-rls-user-id': keyOf(8) })],
  ['a missing permission', 403, async () => ask(await token({ claims: { scope: 'catalog:read' } }))],
  ['a foreign origin with a bad token', 403, () => ask('not.a.token', { Origin: 'https://evil.example' })],
  ['an expired token with a foreign store', 401, async () => ask(await token({ expires: 1 }), { 'x-rls-user-id': keyOf(8) })],
];

test.each(refusals)('%s is answered %i and leaves one record', async (what, status, send) => {
  expect((await send()).status).toBe(status);
  const records = stack.observations
    .filter(isAuditable)
    .map((event) => auditRecord(event, { occurredAtMs: 0, fingerprint: () => '', mask: (value) => value }));
  expect(records).toEqual([expect.objectContaining({ outcome: 'refused', request_id: expect.any(String) })]);
  expect(records[0]?.action).toBe(status === 401 ? 'authentication' : status === 429 ? 'rate_limit' : 'authorization');
  if (/too fast|outside|permission|revoked/.test(what)) expect(records[0]?.subject).toEqual(expect.any(String));
});

test('an honest call leaves one record of another kind', async () => {
  expect((await ask(await token({}))).status).toBe(200);
  expect(stack.observations.filter(isAuditable)).toMatchObject([{ kind: 'tool_called', outcome: 'answered', tenantIds: [1] }]);
});
