import { developmentIssuer } from '../app/adapters.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { fixedPrincipal } from '../identity/fixed-principal.ts';
import { resolveGroupNames, resolveTenantNames } from '../identity/tenant-names.ts';
import { createTenantDirectory } from '../query/tenant-directory.ts';
import { exitCodes } from './exit-code.ts';
import { openToldDatabase } from './open-database.ts';
import { stoppable } from './stoppable.ts';

export interface TokenFlags {
  readonly role: string;
  readonly store: readonly string[];
  readonly region: readonly string[];
  readonly subject: string;
  readonly ttl: number;
}

/** Prints only the token on stdout, so that a script can take it. */
export async function token(flags: TokenFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const { role, subject, ttl } = flags;
  const { definition } = await loadServedSchema(config);
  const known = definition.callerRoles.find(({ name }) => name === role);
  if (known === undefined) {
    const names = definition.callerRoles.map(({ name }) => name).join(', ');
    throw new AppError('invalid_input', `There is no role called "${role}"`, { hint: `One of: ${names}.` });
  }
  if (known.scope === 'all' && flags.store.length + flags.region.length > 0) {
    throw new AppError('invalid_input', `The role ${role} sees every store: a token cannot narrow it`, {
      hint: 'Leave --store and --region out, or narrow each request with the header x-rls-user-id.',
    });
  }
  const issuer = await developmentIssuer(config, systemClock);
  const grants = known.scope === 'all' ? { tenantKeys: [], groups: [] } : await resolveGrants(config, definition, flags);
  const audience = config.authAudience[0] ?? '';
  process.stdout.write(`${await issuer.mint({ subject, audience, roles: [role], ...grants, ttlSeconds: ttl })}\n`);
  return exitCodes.done;
}

/** Names become keys by the database's own directory. Refuses what would make a token that sees nothing. */
async function resolveGrants(config: Config, definition: SchemaDefinition, { role, store, region }: TokenFlags) {
  const { database } = await stoppable((signal) => openToldDatabase(config, { signal }));
  try {
    const directory = await createTenantDirectory({ database, definition, clock: systemClock })();
    fixedPrincipal({ role, tenantNames: store, groupNames: region, directory, rules: definition });
    return {
      tenantKeys: resolveTenantNames(directory, store).map((tenant) => tenant.key),
      groups: resolveGroupNames(directory, region),
    };
  } finally {
    await database.close();
  }
}
