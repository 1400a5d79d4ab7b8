import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A stand-in for the endpoint that Container Apps gives a container for its managed identity
 * (https://learn.microsoft.com/azure/container-apps/managed-identity): it proves that the real client asks and renews; it proves
 * nothing of Azure. The library remembers the first address of a process: one a test file.
 */
export async function startIdentityEndpoint() {
  const state = {
    lifeSeconds: 3600,
    broken: false,
    token: 'first-token',
    asked: 0,
    resources: new Set<string | null>(),
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://loopback');
    const refused = state.broken || request.headers['x-identity-header'] !== 'only for tests';
    if (refused) return response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_request"}');
    state.asked += 1;
    state.resources.add(url.searchParams.get('resource'));
    const answer = {
      access_token: state.token,
      expires_on: String(Math.floor(Date.now() / 1000) + state.lifeSeconds),
      resource: url.searchParams.get('resource'),
      token_type: 'Bearer',
    };
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    env: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: 'only for tests',
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
