import { developmentIssuer } from '../app/adapters.ts';
import { serverName } from '../app/compose.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Tenant } from '../core/principal.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';

const lifetimeSeconds = 12 * 3600;

export interface DemoSnippetsOptions {
  readonly config: Config;
  readonly definition: Pick<SchemaDefinition, 'callerRoles'>;
  readonly url: string;
  readonly tenants: readonly Tenant[];
  readonly clock: Clock;
}

/** `store_manager` as a person says it. */
const asWords = (name: string) => `${name.slice(0, 1).toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`;

/** A caller of each scope with a token, as configuration that an MCP client takes. Only the development issuer can sign these. */
export async function demoSnippets({ config, definition, url, tenants, clock }: DemoSnippetsOptions): Promise<string> {
  const issuer = await developmentIssuer(config, clock);
  const [first] = tenants;
  if (first === undefined) return '\nThe database has no tenants yet: run zava-mcp-server seed.\n';
  const scopes = {
    tenants: { name: 'zava-store', of: ` of ${first.name}`, tenantKeys: [first.key], groups: [] },
    groups: { name: 'zava-region', of: ` of ${first.group}`, tenantKeys: [], groups: [first.group] },
    all: { name: 'zava-head-office', of: '', tenantKeys: [], groups: [] },
  };
  const callers = (['tenants', 'groups', 'all'] as const).flatMap((scope) => {
    const role = definition.callerRoles.find((known) => known.scope === scope)?.name;
    return role === undefined ? [] : [{ role, title: `${asWords(role)}${scopes[scope].of}`, ...scopes[scope] }];
  });
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
