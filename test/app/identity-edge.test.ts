import {
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  exchangeAuthorization,
  registerClient,
  startAuthorization,
} from '@modelcontextprotocol/sdk/client/auth.js';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { remoteIssuer } from '../../src/app/identity-edge.ts';
import { loadConfig } from '../../src/config/load.ts';
import { directory, keyOf } from '../identity/zava-directory.ts';
import { type EdgeStack, edgeStack } from '../support/edge-stack.ts';
import { handClock } from '../support/hand-clock.ts';
import { legacyClient, modernClient } from '../support/mcp-clients.ts';
import { type OAuthServer, oauthServer } from '../support/oauth-server.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';

const sql = { name: 'execute_sales_query', arguments: { postgresql_query: 'SELECT 1' } };
const date = { name: 'get_current_utc_date', arguments: {} };

let oauth: OAuthServer;
let stack: EdgeStack;
const clock = {
  aheadMs: 0,
  now: () => Date.now() + clock.aheadMs,
  monotonic: () => performance.now() + Math.max(0, clock.aheadMs),
};
beforeEach(async () => {
  clock.aheadMs = 0;
  oauth = await oauthServer({
    scopes: ['catalog:read', 'sales:read', 'costs:read'],
    claims: {
      agent: { roles: ['store_manager'], allowed_stores: [keyOf(1)] },
      ann: { roles: ['store_manager'], allowed_stores: [keyOf(2)] },
    },
  });
  const config = loadConfig({}, { AUTH_ISSUER: oauth.issuer, AUTH_JWKS_URI: oauth.jwksUri });
  stack = await edgeStack({
    trusted: remoteIssuer(config, clock, () => {})!,
    directory,
    clock,
    env: { AUTH_ISSUER: oauth.issuer, AUTH_JWKS_URI: oauth.jwksUri },
    authorizationServers: [oauth.issuer],
  });
});
afterEach(async () => {
  await stack.close();
  await oauth.close();
});

const statusWith = async (token: string, call: typeof sql | typeof date = sql) =>
  (await postLegacy(stack.mcpUrl, 'tools/call', call, { token })).status;

describe('with a real authorization server', () => {
  test('an agent with client credentials gets a token of type at+jwt for this resource, and its store', async () => {
    const token = await oauth.clientToken(stack.mcpUrl);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(await statusWith(token)).toBe(200);
    expect(stack.queries[0]?.principal.tenants.map(({ id }) => id)).toEqual([1]);
  });

  test('a token for another resource is refused', async () => {
    expect(await statusWith(await oauth.clientToken('https://other.example.com/mcp'))).toBe(401);
  });

  test('a token with the scope catalog:read alone may not run SQL', async () => {
    const token = await oauth.clientToken(stack.mcpUrl, 'catalog:read');
    const response = await postLegacy(stack.mcpUrl, 'tools/call', sql, { token });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect((await answerOf(response)).error.data.code).toBe('insufficient_scope');
  });

  test('an official client finds the way from the challenge to a token by itself: discovery, registration, PKCE', async () => {
    const challenge = await postLegacy(stack.mcpUrl, 'tools/list', {}, { token: '' });
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge.headers.get('www-authenticate') ?? '')?.[1];
    const resource = await discoverOAuthProtectedResourceMetadata(stack.mcpUrl, { resourceMetadataUrl: metadataUrl! });
    const server = resource.authorization_servers![0]!;
    const metadata = await discoverAuthorizationServerMetadata(server);
    const redirectUrl = 'http://127.0.0.1:9/callback';
    const clientMetadata = {
      redirect_uris: [redirectUrl],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      application_type: 'native',
    };
    const clientInformation = await registerClient(server, { metadata: metadata!, clientMetadata });
    const asked = { metadata: metadata!, clientInformation, resource: new URL(resource.resource) };
    const scope = 'catalog:read sales:read';
    const { authorizationUrl, codeVerifier } = await startAuthorization(server, { ...asked, redirectUrl, scope });
    const authorizationCode = (await followTo(redirectUrl, authorizationUrl)).searchParams.get('code')!;
    const tokens = await exchangeAuthorization(server, { ...asked, authorizationCode, codeVerifier, redirectUri: redirectUrl });
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'ann', aud: stack.mcpUrl, scope });

    for (const connect of [modernClient, legacyClient]) {
      const client = await connect(stack.mcpUrl, tokens.access_token);
      expect(await client.callTool(sql)).not.toHaveProperty('isError', true);
      await client.close();
    }
    expect(stack.queries.map(({ principal }) => principal.tenants.map(({ id }) => id))).toEqual([[2], [2]]);
  });

  test('new keys are followed without a restart, at most once a minute', async () => {
    const old = await oauth.clientToken(stack.mcpUrl);
    expect(await statusWith(old)).toBe(200);
    await oauth.rotate();
    const fresh = await oauth.clientToken(stack.mcpUrl);
    expect(await statusWith(fresh)).toBe(401);
    clock.aheadMs += 60_000;
    expect(await statusWith(fresh)).toBe(200);
    expect(oauth.keySetRequests()).toBe(2);
  });

  test('while the issuer is away, known keys count and unknown ones do not', async () => {
    const tokens = [await oauth.clientToken(stack.mcpUrl), await oauth.clientToken(stack.mcpUrl)];
    expect(await statusWith(tokens[0]!)).toBe(200);
    await oauth.rotate();
    const ofUnknownKey = await oauth.clientToken(stack.mcpUrl);
    await oauth.close();
    clock.aheadMs += 300_000;
    expect(await statusWith(tokens[1]!)).toBe(200);
    expect(await statusWith(ofUnknownKey)).toBe(401);
  });

  test('an issuer that was never reached: 503 with Retry-After, not 401', async () => {
    const token = await oauth.clientToken(stack.mcpUrl);
    await oauth.close();
    const response = await postLegacy(stack.mcpUrl, 'tools/call', date, { token });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect((await answerOf(response)).error.data.code).toBe('dependency_unavailable');
  });

  test('a clock that is a minute behind the issuer’s is forgiven, two minutes are not', async () => {
    const token = await oauth.clientToken(stack.mcpUrl);
    clock.aheadMs = -120_000;
    expect(await statusWith(token)).toBe(401);
    clock.aheadMs = -58_000;
    expect(await statusWith(token)).toBe(200);
  });

  test('a token ends with its life and a minute', async () => {
    const token = await oauth.clientToken(stack.mcpUrl);
    clock.aheadMs = 655_000;
    expect(await statusWith(token)).toBe(200);
    clock.aheadMs = 665_000;
    expect(await statusWith(token)).toBe(401);
  });
});

/** Follows redirects with cookies, as a browser would, until the address begins with `end`. */
async function followTo(end: string, start: URL): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hop = 0; hop < 10; hop += 1) {
    if (url.href.startsWith(end)) return url;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { Cookie: cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === '') cookies.delete(name!);
      else cookies.set(name!, value!);
    }
    url = new URL(response.headers.get('location')!, url);
  }
  throw new Error(`ended at ${url}`);
}

describe('which issuer is trusted', () => {
  const tenantId = '72f988bf-86f1-41af-91ab-2d7cd011db47';
  const issuerOf = (env: Record<string, string>) => remoteIssuer(loadConfig({}, env), handClock(), () => {})?.issuer;

  test('that of AUTH_JWKS_URI', () => {
    const jwks = { AUTH_JWKS_URI: 'https://login.example.com/keys', AUTH_ISSUER: 'https://login.example.com' };
    expect(issuerOf({ ...jwks, AZURE_TENANT_ID: tenantId })).toBe('https://login.example.com');
  });
  test('or else the Entra directory of AZURE_TENANT_ID', () => {
    expect(issuerOf({ AZURE_TENANT_ID: tenantId })).toBe(`https://login.microsoftonline.com/${tenantId}/v2.0`);
  });
  test('or none', () => {
    expect(issuerOf({})).toBeUndefined();
  });
});
