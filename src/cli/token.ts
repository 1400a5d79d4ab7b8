import { developmentIssuer, openDatabase, scopeKey } from '../app/adapters.ts';
import { retailSchema } from '../app/served-schema.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { fixedPrincipal } from '../identity/fixed-principal.ts';
import { resolveGroupNames, resolveTenantNames } from '../identity/tenant-names.ts';
import { createTenantDirectory } from '../query/tenant-directory.ts';
import { exitCodes } from './exit-code.ts';

export interface TokenFlags {
  readonly role: string;
  readonly store: readonly string[];
  readonly region: readonly string[];
  readonly subject: string;
  readonly ttl: number;
}

/** Prints only the token on stdout, so that a script can take it. */
export async function token({ role, store, region, subject, ttl }: TokenFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const { definition } = retailSchema;
  const seesAll = definition.callerRoles.some((known) => known.name === role && known.scope === 'all');
  if (seesAll && store.length + region.length > 0) {
    throw new AppError('invalid_input', `The role ${role} sees every store: a token cannot narrow it`, {
      hint: 'Leave --store and --region out, or narrow each request with the header x-rls-user-id.',
    });
  }
  const issuer = await developmentIssuer(config, systemClock);
  const { database } = await openDatabase({ config, served: retailSchema, key: await scopeKey(config) });
  try {
    const directory = await createTenantDirectory({ database, definition, clock: systemClock })();
    // Refuses what would make a token that sees nothing.
    fixedPrincipal({ role, tenantNames: store, groupNames: region, directory, rules: definition });
    const minted = await issuer.mint({
      subject,
      audience: config.authAudience[0] ?? '',
      roles: [role],
      tenantKeys: resolveTenantNames(directory, store).map((tenant) => tenant.key),
      groups: resolveGroupNames(directory, region),
      ttlSeconds: ttl,
    });
    process.stdout.write(`${minted}\n`);
    return exitCodes.done;
  } finally {
    await database.close();
  }
}
