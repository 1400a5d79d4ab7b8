import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const info = { name: 'test', version: '1' };

/** The official client of revision 2026-07-28. */
export async function modernClient(url: string, token: string): Promise<ModernClient> {
  const client = new ModernClient(info, { versionNegotiation: { mode: 'auto' } });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new ModernHttp(new URL(url), { requestInit: { headers } }));
  return client;
}

/** The official client that most installed hosts still carry. */
export async function legacyClient(url: string, token: string): Promise<LegacyClient> {
  const client = new LegacyClient(info);
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new LegacyHttp(new URL(url), { requestInit: { headers } }) as Parameters<typeof client.connect>[0]);
  return client;
}
