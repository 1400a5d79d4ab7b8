import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for loopback that lives as long as the test. */
export function certificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'stand-in-'));
  try {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-keyout', join(folder, 'key'), '-out', join(folder, 'cert'), '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(join(folder, 'key'), 'utf8'), cert: readFileSync(join(folder, 'cert'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A stand-in for Azure Key Vault and Entra ID on loopback HTTPS, for want of an emulator: the challenge, the token endpoint and
 * reading and setting secrets as the REST reference describes them. It proves that the real client talks; it proves nothing of
 * Azure.
 */
export async function startKeyVaultStandIn(values: Record<string, string>) {
  const { key, cert } = certificate();
  const state = { values: { ...values } as Record<string, string>, status: 0, tokens: 0, reads: 0, secret: 'the client secret' };
  const server = createServer({ key, cert }, (request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const { port } = server.address() as AddressInfo;
      const base = `https://localhost:${port}`;
      const answer = (status: number, value: unknown, headers: Record<string, string> = {}) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(value));
      };
      const url = new URL(request.url ?? '/', base);
      if (url.pathname.endsWith('/.well-known/openid-configuration')) {
        return answer(200, {
          issuer: `${base}/tenant/v2.0`,
          authorization_endpoint: `${base}/tenant/oauth2/v2.0/authorize`,
          token_endpoint: `${base}/tenant/oauth2/v2.0/token`,
          jwks_uri: `${base}/tenant/keys`,
        });
      }
      if (url.pathname.endsWith('/oauth2/v2.0/token')) {
        if (new URLSearchParams(body).get('client_secret') !== state.secret)
          return answer(401, { error: 'invalid_client', error_description: 'wrong' });
        state.tokens += 1;
        return answer(200, { token_type: 'Bearer', expires_in: 3600, access_token: 'stand-in' });
      }
      if (request.headers.authorization !== 'Bearer stand-in') {
        const challenge = `Bearer authorization="${base}/tenant", resource="https://vault.azure.net"`;
        return answer(401, { error: { code: 'Unauthorized' } }, { 'www-authenticate': challenge });
      }
      if (state.status !== 0)
        return answer(state.status, { error: { code: 'Stand-in', message: `told to answer ${state.status}` } });
      const name = url.pathname.split('/')[2] ?? '';
      if (request.method === 'PUT') state.values[name] = (JSON.parse(body) as { value: string }).value;
      else state.reads += 1;
      const value = state.values[name];
      if (value === undefined) return answer(404, { error: { code: 'SecretNotFound', message: 'no such secret' } });
      return answer(200, { value, id: `${base}/secrets/${name}/1`, attributes: { enabled: true } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    state,
    url,
    ca: cert,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
