import { developmentIssuer } from '../app/adapters.ts';
import { serverName } from '../app/compose.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Tenant } from '../core/principal.ts';

const lifetimeSeconds = 12 * 3600;

/** Three callers with a token each, as configuration that an MCP client takes. Only the development issuer can sign these. */
export async function demoSnippets(config: Config, url: string, tenants: readonly Tenant[], clock: Clock): Promise<string> {
  const issuer = await developmentIssuer(config, clock);
  const [first] = tenants;
  if (first === undefined) return '\nThe database has no tenants yet: run zava-mcp-server seed.\n';
  const callers = [
    { title: `Store manager of ${first.name}`, name: 'zava-store', role: 'store_manager', tenantKeys: [first.key], groups: [] },
    {
      title: `Regional manager of ${first.group}`,
      name: 'zava-region',
      role: 'regional_manager',
      tenantKeys: [],
      groups: [first.group],
    },
    { title: 'Head office', name: 'zava-head-office', role: 'super_admin', tenantKeys: [], groups: [] },
  ];
  const audience = config.authAudience[0] ?? '';
  const blocks = await Promise.all(
    callers.map(async ({ title, name, role, tenantKeys, groups }) => {
      const token = await issuer.mint({
        subject: name,
        audience,
        roles: [role],
        tenantKeys,
        groups,
        ttlSeconds: lifetimeSeconds,
      });
      const snippet = {
        mcpServers: { [name]: { type: 'http', url: `${url}/mcp`, headers: { Authorization: `Bearer ${token}` } } },
      };
      return `# ${title}\n${JSON.stringify(snippet)}\n`;
    }),
  );
  return [
    `\n${serverName} answers at ${url}/mcp. Paste one of these into your client's MCP configuration (.mcp.json);`,
    `the tokens are for this machine and end in ${lifetimeSeconds / 3600} hours (more: zava-mcp-server token --help).\n`,
    ...blocks,
    `In a browser: ${url}/dashboard, with one of these tokens.\n`,
    'Ctrl-C stops the server.\n',
  ].join('\n');
}
