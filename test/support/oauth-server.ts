import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK } from 'jose';
import Provider from 'oidc-provider';
import { rsaPair } from './key-pair.ts';

export interface OAuthServerOptions {
  /** Claims of ours, by client id or account. */
  readonly claims: Readonly<Record<string, object>>;
  /** Scopes that a resource may be asked for. */
  readonly scopes: readonly string[];
}

const confidential = { client_id: 'agent', client_secret: 'agent-secret-for-tests' };

/** A real OAuth 2.1 authorization server on a loopback port. Whoever comes to its login page is let in as `account`. */
export async function oauthServer({ claims, scopes }: OAuthServerOptions) {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  let keySetRequests = 0;
  const server = createServer((request, response) => {
    if (request.url === '/jwks') keySetRequests += 1;
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const state = { account: 'ann', keys: [] as object[] };

  const provider = () => {
    const made = new Provider(issuer, {
      clients: [{ ...confidential, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
      jwks: { keys: state.keys },
      scopes: ['openid', ...scopes],
      findAccount: async (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
      cookies: { keys: ['a cookie key for tests'] },
      interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      extraTokenClaims: async (_context: unknown, token: { accountId?: string; clientId: string }) =>
        claims[token.accountId ?? token.clientId] ?? {},
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        registration: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: async (_context: unknown, resource: string) => ({
            scope: scopes.join(' '),
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
            jwt: { sign: { alg: 'RS256' } },
          }),
          useGrantedResource: async () => true,
        },
      },
    });
    const serve = made.callback();
    handle = (request, response) => {
      if (request.url?.startsWith('/interaction/')) void letIn(made, request, response, state.account);
      else void serve(request, response);
    };
  };
  const rotate = async () => {
    const { privateKey } = rsaPair();
    state.keys = [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: `key-${crypto.randomUUID()}` }];
    provider();
  };
  await rotate();

  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    state,
    /** How often the key set was asked for. */
    keySetRequests: () => keySetRequests,
    /** From now on signs with a new key, and publishes no other. */
    rotate,
    /** An access token of the client itself (RFC 6749, section 4.4) for one resource (RFC 8707), of type at+jwt (RFC 9068). */
    async clientToken(resource: string, scope?: string): Promise<string> {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource, ...(scope !== undefined && { scope }) });
      const credentials = Buffer.from(`${confidential.client_id}:${confidential.client_secret}`).toString('base64');
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${credentials}` },
        body,
      });
      const answer = (await response.json()) as { access_token?: string };
      if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`);
      return answer.access_token;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type OAuthServer = Awaited<ReturnType<typeof oauthServer>>;

/** Stands for the person who logs in and agrees. */
async function letIn(provider: Provider, request: IncomingMessage, response: ServerResponse, account: string): Promise<void> {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: account } });
    return;
  }
  const grant = new provider.Grant({ accountId: account, clientId: params.client_id ?? '' });
  grant.addOIDCScope(params.scope ?? '');
  if (params.resource !== undefined) grant.addResourceScope(params.resource, params.scope ?? '');
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
