import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import type { Login } from '../postgres/connection-settings.ts';
import { createAzureTokenSource } from '../vault/azure-identity.ts';
import { azureIdentity } from './secrets.ts';

/** What Azure Database for PostgreSQL takes tokens for: https://learn.microsoft.com/azure/postgresql/security/security-entra-concepts */
const databaseTokenScope = 'https://ossrdbms-aad.database.windows.net/.default';

/**
 * With AZURE_USE_MANAGED_IDENTITY a login without a password signs in with a token of the server's identity. Each new connection asks
 * for it; the identity library keeps a token and gets the next one two minutes before it expires. Connections that are open
 * outlive their token: PostgreSQL looks at it at the login only.
 */
export function databaseLogin(config: Config, login: { readonly user: string; readonly password: string | undefined }): Login {
  if (login.password !== undefined || !config.azureUseManagedIdentity) return login;
  const token = createAzureTokenSource(azureIdentity(config), databaseTokenScope);
  const password = () =>
    token().catch((cause: unknown) => {
      throw new AppError('dependency_unavailable', 'The managed identity gave no token for the database', {
        hint: 'Give this host the identity that AZURE_CLIENT_ID names, or POSTGRES_PASSWORD in its place.',
        retryAfterMs: 5000,
        cause,
      });
    });
  return { user: login.user, password };
}
