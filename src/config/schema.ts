import {
  baseUrl,
  decimal,
  flag,
  identifier,
  integer,
  listOf,
  oneOf,
  origin,
  postgresUrl,
  redisUrl,
  resourceId,
  text,
  uuid,
  type ValueType,
  webUrl,
} from './value-types.ts';

/** Values of the rows above the one at hand, by config key. */
export type EarlierValues = Readonly<Record<string, unknown>>;

/** One row of the table that the type, the loader, the printout, `.env.example` and the reference page follow from. */
export interface Setting<T> {
  readonly env: string;
  /** Other names of the same setting, kept for installations that already use them. */
  readonly aliases: readonly string[];
  readonly type: ValueType<T>;
  readonly defaultFor: (earlier: EarlierValues) => T;
  /** The default as it would be written, or in words where it depends on other things. */
  readonly defaultText: string;
  readonly defaultIsLiteral: boolean;
  readonly doc: string;
  /** Never printed, logged or repeated in an error. */
  readonly secret: boolean;
  /** When production cannot do without, in words; the rules themselves are in `production-rules.ts`. */
  readonly requiredInProduction: string | undefined;
}

interface Extras<T> {
  readonly aliases?: readonly string[];
  readonly secret?: true;
  readonly requiredInProduction?: string;
  /** A default that depends on rows above, with its wording. */
  readonly defaultFor?: (earlier: EarlierValues) => T;
  readonly defaultText?: string;
}

function setting<T>(env: string, type: ValueType<T>, value: T, doc: string, extras: Extras<T> = {}): Setting<T> {
  const row = { env, type, doc, aliases: extras.aliases ?? [], secret: extras.secret ?? false };
  return {
    ...row,
    defaultFor: extras.defaultFor ?? (() => value),
    defaultText: extras.defaultText ?? (value === undefined ? '' : String(value)),
    defaultIsLiteral: extras.defaultText === undefined,
    requiredInProduction: extras.requiredInProduction,
  };
}

function optional<T>(env: string, type: ValueType<T>, doc: string, extras: Extras<T | undefined> = {}): Setting<T | undefined> {
  return setting<T | undefined>(env, type, undefined, doc, extras);
}

const secret = { secret: true } as const;
const always = 'yes';
const manyRows = 1_000_000;
const urlList = listOf(webUrl);

const general = {
  environment: setting(
    'ENVIRONMENT',
    oneOf('development', 'test', 'production'),
    'development',
    'What the server is for. The container image sets production.',
    { requiredInProduction: always },
  ),
  dataDir: setting('DATA_DIR', text, './.zava', 'Folder of the embedded database, of local keys and of the template cache.'),
  pluginsDir: optional(
    'PLUGINS_DIR',
    text,
    'Absolute path of a folder of tool plug-ins (`*.mjs`), which run with all rights of the server: docs/how-to/add-a-tool.md.',
  ),
  schemaDir: optional(
    'SCHEMA_DIR',
    text,
    'Absolute path of a folder with the definition, the migrations and the sample data of a schema to serve in the place of retail: docs/how-to/serve-another-schema.md.',
  ),
  logLevel: setting('LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error'), 'info', 'Least important log line that is written.'),
  logFile: optional('LOG_FILE', text, 'Rotating log file beside the console.'),
  debug: setting('DEBUG', flag, false, 'More detail for developers; refused in production.'),
};

const database = {
  databaseUrl: optional(
    'DATABASE_URL',
    postgresUrl,
    'Whole connection string; wins over the parts below, and the reader logins take host, port, database and default password from it. Without it and without any of the parts, development uses the embedded database.',
    { ...secret, requiredInProduction: 'yes, or POSTGRES_HOST and POSTGRES_PASSWORD' },
  ),
  postgresHost: setting('POSTGRES_HOST', text, 'localhost', 'Host of the PostgreSQL server.', {
    aliases: ['POSTGRES_DB_HOST'],
    requiredInProduction: 'yes, or DATABASE_URL',
  }),
  postgresPort: setting('POSTGRES_PORT', integer(1, 65535), 5432, 'Port of the PostgreSQL server.', {
    aliases: ['POSTGRES_DB_PORT'],
  }),
  postgresDb: setting('POSTGRES_DB', text, 'zava', 'Database.'),
  postgresRolePrefix: setting(
    'POSTGRES_ROLE_PREFIX',
    identifier,
    'zava',
    'Prefix of every role name: <prefix>_server, <prefix>_reader and so on.',
  ),
  postgresUser: setting(
    'POSTGRES_USER',
    text,
    'zava_server',
    "Login of the server, never a superuser. It reads no tenant table: callers' SQL runs on the reader logins.",
    {
      defaultFor: (earlier) => `${earlier.postgresRolePrefix}_server`,
      defaultText: '<POSTGRES_ROLE_PREFIX>_server',
    },
  ),
  postgresPassword: optional('POSTGRES_PASSWORD', text, 'Password of the server login.', {
    ...secret,
    requiredInProduction: 'yes, or DATABASE_URL with a password, or AZURE_USE_MANAGED_IDENTITY',
  }),
  postgresReaderPassword: optional('POSTGRES_READER_PASSWORD', text, 'Password of the four reader logins.', {
    ...secret,
    defaultText: 'the password of the server login',
    requiredInProduction: 'when the server login has no password',
  }),
  postgresServerPrincipalId: optional(
    'POSTGRES_SERVER_PRINCIPAL_ID',
    uuid,
    'Object id of the managed identity that signs in as the server login; `bootstrap` maps it (Azure Database for PostgreSQL).',
  ),
  postgresReplicaUrls: optional(
    'POSTGRES_REPLICA_URLS',
    listOf(postgresUrl),
    "Standbys by streaming replication that answer tenants' reads; host, port and database, the logins are the primary's.",
    secret,
  ),
  postgresPooler: setting(
    'POSTGRES_POOLER',
    oneOf('none', 'transaction'),
    'none',
    'Pooler in front of the server; transaction means no startup options and no named prepared statements.',
  ),
  postgresDirectUrl: optional(
    'POSTGRES_DIRECT_URL',
    postgresUrl,
    "The invalidation listener's own connection when a pooler stands between; without it the cache is bypassed.",
    secret,
  ),
  postgresOperatorUrl: optional('POSTGRES_OPERATOR_URL', postgresUrl, 'Connection of the operator login: backups.', secret),
  postgresOwnerUrl: optional('POSTGRES_OWNER_URL', postgresUrl, 'Connection of the owner login: migrations and seeding.', secret),
  postgresBinDir: optional(
    'POSTGRES_BIN_DIR',
    text,
    "Folder of PostgreSQL's own programs (pg_dump and so on), for backups; without it the search path and the usual places are looked through.",
  ),
  postgresSslMode: setting(
    'POSTGRES_SSL_MODE',
    oneOf('disable', 'require', 'verify-full'),
    'disable',
    'TLS to the database; an sslmode in a connection string wins for that connection.',
    {
      defaultFor: ({ environment }) => (environment === 'production' ? 'verify-full' : 'disable'),
      defaultText: 'verify-full in production, otherwise disable',
    },
  ),
  postgresApplicationName: setting('POSTGRES_APPLICATION_NAME', text, 'mcp-server-prod', 'Name in pg_stat_activity.'),
  postgresMinConnections: optional(
    'POSTGRES_MIN_CONNECTIONS',
    integer(0, 1000),
    'Least connections of all pools of a process together.',
    {
      defaultText: 'by CPU',
    },
  ),
  postgresMaxConnections: optional(
    'POSTGRES_MAX_CONNECTIONS',
    integer(1, 1000),
    'Most connections of all pools of a process together.',
    {
      defaultText: 'by CPU',
    },
  ),
  replicasExpected: setting(
    'REPLICAS_EXPECTED',
    integer(1, 1000),
    1,
    'Replicas of this server that share the database, for the connection budget.',
  ),
  postgresPoolSizing: setting(
    'POSTGRES_POOL_SIZING',
    oneOf('load', 'fixed'),
    'load',
    'How many connections of those bounds a process uses: fitted to its load, or always the most.',
  ),
  postgresCommandTimeoutSeconds: setting(
    'POSTGRES_COMMAND_TIMEOUT',
    integer(1, 3600),
    30,
    'Longest run of one statement, in seconds.',
  ),
};

const queries = {
  queryMaxRows: setting('QUERY_MAX_ROWS', integer(1, manyRows), 1000, 'Most rows of a result; cut while they arrive.'),
  slowQueryMs: setting('SLOW_QUERY_MS', integer(1, 3_600_000), 1000, 'A statement slower than this is noted, in milliseconds.'),
  resultMaxTokens: setting(
    'RESULT_MAX_TOKENS',
    integer(100, manyRows),
    20_000,
    'Most tokens of a text block, estimated as bytes / 4.',
  ),
};

const http = {
  host: setting('HOST', text, '127.0.0.1', 'Address to listen on. One that is not loopback needs a token key source.', {
    aliases: ['MCP_SERVER_HOST'],
  }),
  port: setting('PORT', integer(0, 65535), 8000, 'Port to listen on; 0 takes a free one.', { aliases: ['MCP_SERVER_PORT'] }),
  serverWorkers: setting(
    'SERVER_WORKERS',
    integer(1, 64),
    1,
    'Processes that share the port; more than 1 needs a real PostgreSQL.',
  ),
  publicUrl: optional(
    'PUBLIC_URL',
    baseUrl,
    'Address under which clients reach the server. Tokens for <PUBLIC_URL>/mcp are accepted.',
    {
      requiredInProduction: always,
    },
  ),
  allowedHosts: optional('ALLOWED_HOSTS', listOf(text), 'Host headers that are answered beside that of PUBLIC_URL and loopback.'),
  allowedOrigins: optional('ALLOWED_ORIGINS', listOf(origin), 'Origins of web pages that may call the server.'),
  trustProxy: setting('TRUST_PROXY', integer(0, 10), 0, 'Proxies in front of the server whose X-Forwarded-* entries count.'),
  httpsRedirect: setting(
    'HTTPS_REDIRECT',
    flag,
    false,
    'Send pages that proxies got by plain HTTP (X-Forwarded-Proto) to PUBLIC_URL, and refuse calls; needs PUBLIC_URL with https:// and TRUST_PROXY.',
  ),
  enableCors: setting('ENABLE_CORS', flag, false, 'Let web pages of ALLOWED_ORIGINS, and no others, read answers (CORS).'),
  metricsPort: optional('METRICS_PORT', integer(1, 65535), 'Separate private port for /metrics.'),
};

const identity = {
  authIssuer: setting('AUTH_ISSUER', text, 'zava-auth', 'Issuer (iss) of accepted tokens.'),
  authAudience: setting(
    'AUTH_AUDIENCE',
    listOf(text),
    ['mcp-server'],
    'Accepted audiences (aud); <PUBLIC_URL>/mcp always is one.',
    {
      aliases: ['AZURE_AUDIENCE'],
    },
  ),
  authAuthorizationServers: optional(
    'AUTH_AUTHORIZATION_SERVERS',
    urlList,
    'Authorization servers named in the protected-resource metadata (RFC 9728).',
  ),
  authJwksUri: optional('AUTH_JWKS_URI', webUrl, "Address of the issuer's key set.", {
    requiredInProduction: 'yes, or AUTH_PUBLIC_KEY',
  }),
  authPublicKey: optional('AUTH_PUBLIC_KEY', text, "The issuer's RSA public key as PEM; \\n may stand for a line break.", {
    requiredInProduction: 'yes, or AUTH_JWKS_URI',
  }),
  authRlsClaim: setting('AUTH_RLS_CLAIM', text, 'rls_user_id', 'Claim with one tenant key, added to allowed_stores.'),
  devIssuer: setting(
    'DEV_ISSUER',
    flag,
    false,
    'Accept tokens of the local development issuer. Loopback only, refused in production.',
    {
      defaultFor: (earlier) =>
        earlier.environment === 'development' && earlier.authJwksUri === undefined && earlier.authPublicKey === undefined,
      defaultText: 'true in development when no key source is set',
    },
  ),
};

const azureAndKeys = {
  azureTenantId: optional('AZURE_TENANT_ID', text, 'Directory (tenant) of the Azure identity.', {
    requiredInProduction: 'with Azure',
  }),
  azureClientId: optional('AZURE_CLIENT_ID', text, 'Client id of the Azure identity.', { requiredInProduction: 'with Azure' }),
  azureClientSecret: optional('AZURE_CLIENT_SECRET', text, 'Secret of the Azure identity.', {
    ...secret,
    requiredInProduction: 'with Azure, or AZURE_USE_MANAGED_IDENTITY',
  }),
  azureUseManagedIdentity: setting(
    'AZURE_USE_MANAGED_IDENTITY',
    flag,
    false,
    "Use the host's managed identity in place of secrets.",
  ),
  azureKeyVaultUrl: optional(
    'AZURE_KEY_VAULT_URL',
    webUrl,
    'Key Vault that holds the secrets; without it they come from the environment or files.',
  ),
  encryptionKeySecretName: optional('ENCRYPTION_KEY_SECRET_NAME', text, 'Name of the secret with the encryption key.', {
    requiredInProduction: always,
  }),
  scopeSigningKeySecretName: optional(
    'SCOPE_SIGNING_KEY_SECRET_NAME',
    text,
    'Name of the secret with the key that signs tenant scopes, as kid:base64 of 32 bytes. The embedded database makes its own.',
    { requiredInProduction: always },
  ),
  devEncryptionKey: optional('DEV_ENCRYPTION_KEY', text, 'Encryption key for development; refused in production.', secret),
};

const models = {
  embedder: setting('EMBEDDER', oneOf('local', 'azure', 'none'), 'local', 'What turns text into vectors for semantic search.'),
  azureOpenaiEndpoint: optional('AZURE_OPENAI_ENDPOINT', webUrl, 'Azure OpenAI endpoint.', {
    requiredInProduction: 'when EMBEDDER is azure',
  }),
  azureOpenaiApiKey: optional(
    'AZURE_OPENAI_API_KEY',
    text,
    'Key of the Azure OpenAI resource; without it the Azure identity is used.',
    secret,
  ),
  embeddingModelDeploymentName: setting(
    'EMBEDDING_MODEL_DEPLOYMENT_NAME',
    text,
    'text-embedding-3-small',
    'Deployment of the embedding model.',
  ),
  azureOpenaiApiVersion: setting('AZURE_OPENAI_API_VERSION', text, '2024-02-01', 'Version of the Azure OpenAI API.'),
  projectEndpoint: optional('PROJECT_ENDPOINT', webUrl, 'Project endpoint of the agent client.', {
    requiredInProduction: 'with GPT_MODEL_DEPLOYMENT_NAME',
  }),
  gptModelDeploymentName: optional('GPT_MODEL_DEPLOYMENT_NAME', text, 'Deployment of the chat model of the agent client.'),
};

const perMinute = integer(0, manyRows);
const cacheAndLimits = {
  redisUrl: optional('REDIS_URL', redisUrl, 'Shared cache, rate limits and revocations.', secret),
  cacheTtlSeconds: setting(
    'CACHE_TTL_SECONDS',
    integer(0, 86_400),
    300,
    'Life of a cached result, in seconds; 0 switches the result cache off.',
  ),
  cacheMaxItems: setting('CACHE_MAX_ITEMS', integer(1, manyRows), 1000, 'Most results cached in memory.'),
  serveStaleSeconds: setting(
    'SERVE_STALE_SECONDS',
    integer(0, 86_400),
    0,
    'How long after its expiry a result may still be answered, marked stale, while the database is unavailable; 0 = never.',
  ),
  taskTtlSeconds: setting(
    'TASK_TTL_SECONDS',
    integer(0, 86_400),
    300,
    'How long the answer of a call that became a task can be fetched, in seconds; 0 = no call becomes one. Several processes need REDIS_URL for it.',
  ),
  rateLimitPerMinute: setting(
    'RATE_LIMIT_PER_MINUTE',
    perMinute,
    300,
    'Calls per subject and minute; 0 = unlimited, refused in production.',
  ),
  rateLimitBurst: setting('RATE_LIMIT_BURST', integer(1, manyRows), 60, 'Calls of a subject that may come at once.'),
  rateLimitSqlPerMinute: setting(
    'RATE_LIMIT_SQL_PER_MINUTE',
    perMinute,
    120,
    'Calls that read rows of tenants (SQL, metrics, reports, dashboard, plug-ins) per subject and minute; 0 as above.',
  ),
  rateLimitSearchPerMinute: setting(
    'RATE_LIMIT_SEARCH_PER_MINUTE',
    perMinute,
    120,
    'Semantic searches per subject and minute; 0 as above.',
  ),
  rateLimitAdminFactor: setting(
    'RATE_LIMIT_ADMIN_FACTOR',
    decimal(1, 1000),
    3,
    'Multiple of the limits for callers that see every tenant.',
  ),
  rateLimitFailedAuthPerMinute: setting(
    'RATE_LIMIT_FAILED_AUTH_PER_MINUTE',
    perMinute,
    20,
    'Failed authentications per address and minute; 0 as above.',
  ),
};

const operations = {
  applicationinsightsConnectionString: optional('APPLICATIONINSIGHTS_CONNECTION_STRING', text, 'Telemetry to Azure Monitor.', {
    ...secret,
    requiredInProduction: 'yes, or OTEL_EXPORTER_OTLP_ENDPOINT',
  }),
  otelExporterOtlpEndpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT', webUrl, 'Telemetry to an OpenTelemetry collector.', {
    requiredInProduction: 'yes, or APPLICATIONINSIGHTS_CONNECTION_STRING',
  }),
  traceContent: setting('TRACE_CONTENT', flag, false, 'Record questions and SQL in traces.'),
  operatorToken: optional('OPERATOR_TOKEN', text, 'Token with ops:read, for commands that ask a running server.', secret),
  backupTarget: setting('BACKUP_TARGET', text, './backups', 'Where backups go: a folder, or the address of a blob container.', {
    requiredInProduction: always,
  }),
  azureStorageAccount: optional('AZURE_STORAGE_ACCOUNT', text, 'Storage account of blob backups, for AZURE_STORAGE_KEY.'),
  azureStorageKey: optional(
    'AZURE_STORAGE_KEY',
    text,
    'Key of the storage account; without it the Azure identity is used.',
    secret,
  ),
  backupRetentionDays: setting(
    'BACKUP_RETENTION_DAYS',
    integer(1, 3650),
    30,
    'Days that a backup is kept. Of each of the last 12 months, the last full one stays.',
  ),
  backupBase: setting(
    'BACKUP_BASE',
    flag,
    false,
    'Full backups hold a base backup of the whole cluster, too, which incremental ones build on. For a self-run PostgreSQL 17 or later with summarize_wal = on and an operator login with REPLICATION.',
  ),
  slackWebhookUrl: optional('SLACK_WEBHOOK_URL', webUrl, 'Slack channel for alerts.', secret),
  teamsWebhookUrl: optional('TEAMS_WEBHOOK_URL', webUrl, 'Teams channel for alerts.', secret),
  alertWebhookUrl: optional(
    'ALERT_WEBHOOK_URL',
    webUrl,
    'Any other receiver of alerts: gets JSON in the form of Prometheus Alertmanager (version 4).',
    secret,
  ),
  smtpServer: optional('SMTP_SERVER', text, 'Mail server for alerts; needs ALERT_FROM_EMAIL and ALERT_TO_EMAILS.'),
  smtpPort: setting(
    'SMTP_PORT',
    integer(1, 65535),
    587,
    'Port of the mail server: 465 means TLS from the first byte, any other one STARTTLS, without which only a server on loopback is used.',
  ),
  smtpUsername: optional('SMTP_USERNAME', text, 'Login at the mail server.'),
  smtpPassword: optional('SMTP_PASSWORD', text, 'Password at the mail server.', secret),
  alertFromEmail: optional('ALERT_FROM_EMAIL', text, 'Sender of alert mails.'),
  alertToEmails: optional('ALERT_TO_EMAILS', listOf(text), 'Receivers of alert mails.'),
  schedules: setting(
    'SCHEDULES',
    flag,
    true,
    'Let this process run the scheduled jobs that are due (over HTTP). Of all that share a database one runs each.',
  ),
  schedulesOff: optional('SCHEDULES_OFF', listOf(text), 'Scheduled jobs that are not run; `jobs list` shows the names.'),
  monthlyBudget: optional('MONTHLY_BUDGET', decimal(0, 1e9), 'Budget per month in US dollars, for cost warnings.'),
  costAssumptions: optional(
    'COST_ASSUMPTIONS',
    listOf(text),
    'What an estimate of cost cannot measure, as name=value: container_vcpu=1,postgres_sku=GP_Standard_D2ds_v4.',
  ),
};

const scaling = {
  autoscale: setting(
    'AUTOSCALE',
    oneOf('off', 'advise', 'workers', 'container-apps'),
    'off',
    'What is done when there is too much or too little work: nothing, advice in the log, workers of this machine, replicas of an Azure container app. The last, and advice over several processes, need REDIS_URL.',
  ),
  autoscaleMin: setting('AUTOSCALE_MIN', integer(1, 1000), 2, 'Fewest workers or replicas.'),
  autoscaleMax: setting('AUTOSCALE_MAX', integer(1, 1000), 20, 'Most workers (never more than CPUs) or replicas.'),
  autoscaleUp: setting(
    'AUTOSCALE_UP',
    oneOf('step', 'proportional'),
    'step',
    'One more at a time, or as many more as a signal is above its limit.',
  ),
  autoscaleIntervalSeconds: setting('AUTOSCALE_INTERVAL_SECONDS', integer(1, 3600), 15, 'How often it is decided, in seconds.'),
  autoscaleCooldownUpSeconds: setting(
    'AUTOSCALE_COOLDOWN_UP_SECONDS',
    integer(1, 86_400),
    60,
    'Least time between a change of either kind and one more, in seconds.',
  ),
  autoscaleCooldownDownSeconds: setting(
    'AUTOSCALE_COOLDOWN_DOWN_SECONDS',
    integer(1, 86_400),
    300,
    'Least time between a change of either kind and one fewer, in seconds.',
  ),
  autoscaleContainerApp: optional(
    'AUTOSCALE_CONTAINER_APP',
    resourceId,
    'Resource id of the container app that AUTOSCALE=container-apps scales, with the Azure identity.',
  ),
};

/** In the order of the reference page; a row's default may depend on rows above it. */
export const sections = {
  General: general,
  Database: database,
  Queries: queries,
  HTTP: http,
  Identity: identity,
  'Azure and keys': azureAndKeys,
  Models: models,
  'Cache and limits': cacheAndLimits,
  Scaling: scaling,
  Operations: operations,
};

export const settings = {
  ...general,
  ...database,
  ...queries,
  ...http,
  ...identity,
  ...azureAndKeys,
  ...models,
  ...cacheAndLimits,
  ...scaling,
  ...operations,
};

type Table = typeof settings;
export type SettingKey = keyof Table;

/** Effective values by config key. */
export type SettingValues = { readonly [K in SettingKey]: Table[K] extends Setting<infer T> ? T : never };

export interface Config extends SettingValues {
  /** Environment variable that set a value, its name or an alias of it; keys that are absent have their default. */
  readonly sources: ReadonlyMap<SettingKey, string>;
}

/** The table's rows as a list, for code that treats every setting alike. */
export const settingEntries = Object.entries(settings) as readonly (readonly [SettingKey, Setting<unknown>])[];
