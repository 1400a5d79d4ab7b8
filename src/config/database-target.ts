import type { Config, SettingKey } from './schema.ts';

export interface DatabaseConnection {
  readonly address: {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly sslMode: Config['postgresSslMode'];
    readonly applicationName: string;
  };
  readonly login: { readonly user: string; readonly password: string | undefined };
}

export type DatabaseTarget =
  | { readonly kind: 'embedded' }
  | ({ readonly kind: 'postgresql'; readonly readerPassword: string | undefined } & DatabaseConnection);

const placeOfDatabase: readonly SettingKey[] = ['databaseUrl', 'postgresHost', 'postgresPort', 'postgresDb', 'postgresPassword'];

/** Where the data are: on a server as soon as one setting says so, and always in production; otherwise embedded. */
export function databaseTarget(config: Config): DatabaseTarget {
  if (config.environment !== 'production' && !placeOfDatabase.some((key) => config.sources.has(key))) return { kind: 'embedded' };
  const { address, login } = parseConnection(config.databaseUrl ?? 'postgresql:///', config);
  const password = login.password ?? config.postgresPassword;
  return {
    kind: 'postgresql',
    address,
    login: { ...login, password },
    readerPassword: config.postgresReaderPassword ?? password,
  };
}

/** What a connection string leaves out comes from the single settings; the password belongs to its login and does not. */
export function parseConnection(connectionString: string, config: Config): DatabaseConnection {
  const url = new URL(connectionString);
  const sslMode = url.searchParams.get('sslmode');
  return {
    address: {
      host: url.searchParams.get('host') || url.hostname.replace(/^\[|\]$/g, '') || config.postgresHost,
      port: url.port === '' ? config.postgresPort : Number(url.port),
      database: decoded(url.pathname.slice(1)) ?? config.postgresDb,
      sslMode: sslMode === null ? config.postgresSslMode : ourSslMode(sslMode),
      applicationName: config.postgresApplicationName,
    },
    login: { user: decoded(url.username) ?? config.postgresUser, password: decoded(url.password) },
  };
}

/**
 * libpq knows more modes than we offer. `allow` and `prefer` fall back to plain text, so they count as no TLS at all;
 * `verify-ca` and anything unknown get the strictest. https://www.postgresql.org/docs/current/libpq-ssl.html
 */
function ourSslMode(mode: string): Config['postgresSslMode'] {
  if (mode === 'disable' || mode === 'allow' || mode === 'prefer') return 'disable';
  return mode === 'require' ? 'require' : 'verify-full';
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % was meant literally
  }
}
