import { type DatabaseConnection, databaseTarget, parseConnection } from './database-target.ts';
import { isLoopback } from './loopback.ts';
import { type Config, type SettingKey, settings } from './schema.ts';

/** What the process is about to do: rules for the HTTP edge do not hold for stdio, and most not for a single command. */
export type Serving = 'http' | 'stdio' | 'nothing';

export interface Problem {
  /** Environment variable that the operator should look at. */
  readonly setting: string;
  readonly problem: string;
  readonly remedy: string;
}

type Rule = (config: Config) => readonly Problem[];

/** Missing and unsafe settings, all at once. */
export function findProblems(config: Config, serving: Serving): readonly Problem[] {
  const production = config.environment === 'production';
  const rules = [
    ...(serving === 'nothing' ? [] : [...servingRules, ...(production ? servingInProduction : [])]),
    ...(serving === 'http' ? [...httpRules, ...(production ? httpInProduction : outsideProduction)] : []),
    ...(production ? unsafeInProduction : []),
  ];
  return rules.flatMap((rule) => rule(config));
}

function problem(key: SettingKey, text: string, remedy: string): Problem {
  return { setting: settings[key].env, problem: text, remedy };
}

/** A setting that must be given, unless `unless` holds. */
function required(key: SettingKey, remedy: string, unless: (config: Config) => boolean = () => false): Rule {
  return (config) => (config.sources.has(key) || unless(config) ? [] : [problem(key, 'is missing', remedy)]);
}

function unsafe(key: SettingKey, holds: (config: Config) => boolean, text: string, remedy: string): Rule {
  return (config) => (holds(config) ? [problem(key, text, remedy)] : []);
}

const servingRules: readonly Rule[] = [
  required('alertFromEmail', 'SMTP_SERVER needs it: the sender of alert mails', (c) => c.smtpServer === undefined),
  required('alertToEmails', 'SMTP_SERVER needs it: who gets alert mails', (c) => c.smtpServer === undefined),
  required('azureOpenaiEndpoint', 'EMBEDDER=azure needs it; or choose EMBEDDER=local', (c) => c.embedder !== 'azure'),
  required('projectEndpoint', 'GPT_MODEL_DEPLOYMENT_NAME needs it', (c) => c.gptModelDeploymentName === undefined),
];

const servingInProduction: readonly Rule[] = [
  required('postgresHost', 'set it, or DATABASE_URL', (c) => c.databaseUrl !== undefined),
  required(
    'postgresPassword',
    'set it, give DATABASE_URL a password, or set AZURE_USE_MANAGED_IDENTITY=true',
    hasServerCredential,
  ),
  required(
    'postgresReaderPassword',
    'the reader logins cannot use the managed identity: set it',
    (c) => !c.azureUseManagedIdentity || readerPassword(c) !== undefined,
  ),
  required('azureTenantId', 'Azure is used: name the directory', (c) => !usesAzure(c)),
  required('azureClientId', 'Azure is used: name the client', (c) => !usesAzure(c)),
  required(
    'azureClientSecret',
    'Azure is used: set it, or AZURE_USE_MANAGED_IDENTITY=true',
    (c) => !usesAzure(c) || c.azureUseManagedIdentity,
  ),
  required(
    'encryptionKeySecretName',
    'name the secret; to keep it in Azure set AZURE_KEY_VAULT_URL, AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_USE_MANAGED_IDENTITY',
  ),
  required('scopeSigningKeySecretName', 'name the secret that `bootstrap` installed the key of'),
  required(
    'applicationinsightsConnectionString',
    'set it, or OTEL_EXPORTER_OTLP_ENDPOINT',
    (c) => c.otelExporterOtlpEndpoint !== undefined,
  ),
  required('backupTarget', 'say where backups go'),
  ...(['rateLimitSqlPerMinute', 'rateLimitSearchPerMinute'] as const).map(limitOff),
];

const httpRules: readonly Rule[] = [
  unsafe(
    'devIssuer',
    (c) => c.devIssuer && hasKeySource(c),
    'cannot stand beside AUTH_JWKS_URI or AUTH_PUBLIC_KEY',
    'choose one source of keys',
  ),
  unsafe(
    'enableCors',
    (c) => c.enableCors && c.allowedOrigins === undefined,
    'is on and no origin is listed',
    'list the pages in ALLOWED_ORIGINS, or remove it',
  ),
  unsafe(
    'httpsRedirect',
    (c) => c.httpsRedirect && (c.publicUrl === undefined || isPlain(c.publicUrl)),
    'has no https:// address to send anyone to',
    'set PUBLIC_URL to it, or remove HTTPS_REDIRECT',
  ),
  unsafe(
    'httpsRedirect',
    (c) => c.httpsRedirect && c.trustProxy === 0,
    'relies on X-Forwarded-Proto, which no trusted proxy writes',
    'set TRUST_PROXY to the number of proxies in front, or remove HTTPS_REDIRECT',
  ),
  unsafe(
    'serverWorkers',
    (c) => c.serverWorkers > 1 && databaseTarget(c).kind === 'embedded',
    'is more than 1, and the embedded database has one process per data directory',
    'set SERVER_WORKERS=1, or DATABASE_URL to a real PostgreSQL',
  ),
  unsafe(
    'autoscale',
    (c) => c.autoscale === 'workers' && databaseTarget(c).kind === 'embedded',
    'runs several workers, and the embedded database has one process per data directory',
    'remove AUTOSCALE, or set DATABASE_URL to a real PostgreSQL',
  ),
  unsafe(
    'autoscale',
    (c) => c.autoscale === 'container-apps' && (c.redisUrl === undefined || c.autoscaleContainerApp === undefined),
    'needs a container app, and a Redis in which its replicas agree on who decides',
    'set AUTOSCALE_CONTAINER_APP and REDIS_URL',
  ),
  unsafe(
    'autoscaleMin',
    (c) => c.autoscaleMin > c.autoscaleMax,
    'is more than AUTOSCALE_MAX',
    'set AUTOSCALE_MIN to the smaller of the two',
  ),
];

const outsideProduction: readonly Rule[] = [
  unsafe(
    'devIssuer',
    (c) => c.devIssuer && !isLoopback(c.host),
    'works on loopback only, and HOST is reachable from outside',
    'set HOST=127.0.0.1, or AUTH_JWKS_URI or AUTH_PUBLIC_KEY',
  ),
  unsafe(
    'host',
    (c) => !c.devIssuer && !hasKeySource(c) && !isLoopback(c.host),
    'is reachable from outside and nothing authenticates callers',
    'set HOST=127.0.0.1, or AUTH_JWKS_URI or AUTH_PUBLIC_KEY',
  ),
];

const httpInProduction: readonly Rule[] = [
  required('publicUrl', 'set the https:// address that clients use'),
  required('authJwksUri', 'set it, or AUTH_PUBLIC_KEY, or AZURE_TENANT_ID', hasKeySource),
  unsafe('publicUrl', (c) => isPlain(c.publicUrl), 'is plain HTTP', 'use https://'),
  unsafe('authJwksUri', (c) => isPlain(c.authJwksUri), 'fetches keys over plain HTTP', 'use https://'),
  ...(['rateLimitPerMinute', 'rateLimitFailedAuthPerMinute'] as const).map(limitOff),
];

const unsafeInProduction: readonly Rule[] = [
  unsafe('debug', (c) => c.debug, 'is on', 'remove it'),
  unsafe('devEncryptionKey', (c) => c.devEncryptionKey !== undefined, 'is for development', 'use ENCRYPTION_KEY_SECRET_NAME'),
  unsafe('devIssuer', (c) => c.devIssuer, 'is for development', 'use AUTH_JWKS_URI or AUTH_PUBLIC_KEY'),
  unsafe('postgresUser', (c) => loginOf(c) === 'postgres', 'is the superuser', 'use the login that `bootstrap` made'),
  defaultPassword('postgresPassword', (c) => connectionOf(c)?.login.password),
  defaultPassword('postgresReaderPassword', (c) => c.postgresReaderPassword),
  ...(['slackWebhookUrl', 'teamsWebhookUrl', 'alertWebhookUrl'] as const).map((key) =>
    unsafe(key, (c) => isPlainRemote(c[key]), 'sends alerts over plain HTTP', 'use https://'),
  ),
  (config) => plainRemoteConnections(config).map((key) => problem(key, 'reaches a remote database without TLS', tlsRemedy)),
];

const tlsRemedy = 'set POSTGRES_SSL_MODE=verify-full, and no weaker sslmode in connection strings';

const wellKnownPasswords = new Set([
  'postgres',
  'password',
  'admin',
  'secret',
  'changeme',
  'change-me',
  'zava',
  'test',
  'example',
]);

function defaultPassword(key: SettingKey, passwordOf: (config: Config) => string | undefined): Rule {
  return unsafe(
    key,
    (config) => {
      const password = passwordOf(config)?.toLowerCase();
      return password !== undefined && (wellKnownPasswords.has(password) || password === loginOf(config)?.toLowerCase());
    },
    'is a password that everybody knows',
    'choose a random one',
  );
}

function limitOff(
  key: 'rateLimitPerMinute' | 'rateLimitFailedAuthPerMinute' | 'rateLimitSqlPerMinute' | 'rateLimitSearchPerMinute',
) {
  return unsafe(key, (config) => config[key] === 0, 'is off', 'set a limit above 0');
}

function hasKeySource(config: Config): boolean {
  const entra = config.azureTenantId !== undefined && !config.devIssuer;
  return config.authJwksUri !== undefined || config.authPublicKey !== undefined || entra;
}

/** Whether anything is reached by this server's identity in Azure. */
export function usesAzure(config: Config): boolean {
  const blobByIdentity = config.azureStorageAccount !== undefined && config.azureStorageKey === undefined;
  const keys = ['azureKeyVaultUrl', 'azureTenantId', 'azureClientId', 'azureClientSecret'] as const;
  const named = keys.some((key) => config[key] !== undefined);
  const embedsByIdentity = config.embedder === 'azure' && config.azureOpenaiApiKey === undefined;
  return named || blobByIdentity || config.azureUseManagedIdentity || embedsByIdentity;
}

function connectionOf(config: Config): DatabaseConnection | undefined {
  const target = databaseTarget(config);
  return target.kind === 'postgresql' ? target : undefined;
}

function loginOf(config: Config): string | undefined {
  return connectionOf(config)?.login.user;
}

function readerPassword(config: Config): string | undefined {
  return config.postgresReaderPassword ?? connectionOf(config)?.login.password;
}

function hasServerCredential(config: Config): boolean {
  return config.azureUseManagedIdentity || connectionOf(config)?.login.password !== undefined;
}

function isPlain(url: string | undefined): boolean {
  return url !== undefined && new URL(url).protocol === 'http:';
}

function isPlainRemote(url: string | undefined): boolean {
  return url !== undefined && isPlain(url) && !isLoopback(new URL(url).hostname);
}

/** Settings whose connection would cross a network in plain text. */
function plainRemoteConnections(config: Config): SettingKey[] {
  const connections: (readonly [SettingKey, DatabaseConnection | undefined])[] = [
    [config.databaseUrl === undefined ? 'postgresSslMode' : 'databaseUrl', connectionOf(config)],
    ...(config.postgresReplicaUrls ?? []).map((url) => ['postgresReplicaUrls', parseConnection(url, config)] as const),
    ...(['postgresDirectUrl', 'postgresOperatorUrl', 'postgresOwnerUrl'] as const).map((key) => {
      const url = config[key];
      return [key, url === undefined ? undefined : parseConnection(url, config)] as const;
    }),
  ];
  const plain = connections.filter(
    ([, to]) => to !== undefined && to.address.sslMode === 'disable' && !isLoopback(to.address.host),
  );
  return [...new Set(plain.map(([key]) => key))];
}
