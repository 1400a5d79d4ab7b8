import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { findProblems, type Serving } from '../../src/config/production-rules.ts';
import { settingEntries } from '../../src/config/schema.ts';

/** A production that has nothing to object to. */
const sound = {
  ENVIRONMENT: 'production',
  POSTGRES_HOST: 'db.example.com',
  POSTGRES_PASSWORD: 'correct horse',
  PUBLIC_URL: 'https://mcp.example.com',
  HOST: '0.0.0.0',
  AUTH_JWKS_URI: 'https://login.example.com/keys',
  ENCRYPTION_KEY_SECRET_NAME: 'encryption-key',
  SCOPE_SIGNING_KEY_SECRET_NAME: 'scope-key',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
  BACKUP_TARGET: '/backups',
};

type Changes = Record<string, string | undefined>;

function findings(changes: Changes = {}, serving: Serving = 'http') {
  const env = { ...sound, ...changes };
  return findProblems(readConfig({}, env).config, serving);
}

function namesOf(changes?: Changes, serving?: Serving): string[] {
  return findings(changes, serving).map(({ setting }) => setting);
}

function development(env: Record<string, string>, serving: Serving = 'http'): string[] {
  return findProblems(readConfig({}, env).config, serving).map(({ setting }) => setting);
}

test('a sound production has no findings', () => {
  expect(findings()).toEqual([]);
});

test('an empty production is told everything that it lacks', () => {
  const { config } = readConfig({}, { ENVIRONMENT: 'production' });
  expect(findProblems(config, 'http').map(({ setting }) => setting)).toEqual([
    'POSTGRES_HOST',
    'POSTGRES_PASSWORD',
    'ENCRYPTION_KEY_SECRET_NAME',
    'SCOPE_SIGNING_KEY_SECRET_NAME',
    'APPLICATIONINSIGHTS_CONNECTION_STRING',
    'BACKUP_TARGET',
    'PUBLIC_URL',
    'AUTH_JWKS_URI',
  ]);
});

test('every setting that is marked as required is required by a rule', () => {
  const { config } = readConfig(
    {},
    {
      ENVIRONMENT: 'production',
      EMBEDDER: 'azure',
      GPT_MODEL_DEPLOYMENT_NAME: 'gpt',
      AZURE_USE_MANAGED_IDENTITY: 'true',
    },
  );
  const byIdentity = findProblems(config, 'http');
  const bySecret = findProblems({ ...config, azureUseManagedIdentity: false }, 'http');
  const required = new Set([...byIdentity, ...bySecret].map(({ setting }) => setting));
  const marked = settingEntries.filter(([, row]) => row.requiredInProduction !== undefined).map(([, row]) => row.env);
  const otherwise = ['ENVIRONMENT', 'DATABASE_URL', 'AUTH_PUBLIC_KEY', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  expect(marked.filter((name) => !required.has(name))).toEqual(otherwise);
  expect([...required].filter((name) => !marked.includes(name))).toEqual([]);
});

describe('in production', () => {
  const azure = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c' };

  test.each<[string, Changes, string[]]>([
    ['no host', { POSTGRES_HOST: undefined }, ['POSTGRES_HOST']],
    ['no password', { POSTGRES_PASSWORD: undefined }, ['POSTGRES_PASSWORD']],
    [
      'a connection string without a password',
      { DATABASE_URL: 'postgres://h/d', POSTGRES_PASSWORD: undefined },
      ['POSTGRES_PASSWORD'],
    ],
    ['no address', { PUBLIC_URL: undefined }, ['PUBLIC_URL']],
    ['no keys', { AUTH_JWKS_URI: undefined }, ['AUTH_JWKS_URI']],
    ['no telemetry', { OTEL_EXPORTER_OTLP_ENDPOINT: undefined }, ['APPLICATIONINSIGHTS_CONNECTION_STRING']],
    ['no backup', { BACKUP_TARGET: undefined }, ['BACKUP_TARGET']],
    [
      'a vault without identity',
      { AZURE_KEY_VAULT_URL: 'https://v' },
      ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET'],
    ],
    ['blob backups without a key', { AZURE_STORAGE_ACCOUNT: 'a' }, ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET']],
    ['an identity without a secret', azure, ['AZURE_CLIENT_SECRET']],
    [
      'the Azure embedder without its endpoint',
      { ...azure, AZURE_CLIENT_SECRET: 's', EMBEDDER: 'azure' },
      ['AZURE_OPENAI_ENDPOINT'],
    ],
    ['an agent model without its project', { GPT_MODEL_DEPLOYMENT_NAME: 'gpt' }, ['PROJECT_ENDPOINT']],
    [
      'a managed identity without a password for the readers',
      { ...azure, AZURE_USE_MANAGED_IDENTITY: 'true', POSTGRES_PASSWORD: undefined },
      ['POSTGRES_READER_PASSWORD'],
    ],
  ])('%s is missing', (_what, changes, expected) => {
    expect(namesOf(changes)).toEqual(expected);
  });

  test.each<[string, Changes]>([
    [
      'a whole connection string',
      { DATABASE_URL: 'postgres://u:correct@h/d', POSTGRES_HOST: undefined, POSTGRES_PASSWORD: undefined },
    ],
    ['a public key', { AUTH_JWKS_URI: undefined, AUTH_PUBLIC_KEY: 'pem' }],
    ['Application Insights', { OTEL_EXPORTER_OTLP_ENDPOINT: undefined, APPLICATIONINSIGHTS_CONNECTION_STRING: 'x' }],
    ['a managed identity', { ...azure, AZURE_USE_MANAGED_IDENTITY: 'true', AZURE_KEY_VAULT_URL: 'https://v' }],
    [
      'a managed identity and a reader password',
      { ...azure, AZURE_USE_MANAGED_IDENTITY: 'true', POSTGRES_PASSWORD: undefined, POSTGRES_READER_PASSWORD: 'correct' },
    ],
    ['a client secret', { ...azure, AZURE_CLIENT_SECRET: 's' }],
    ['blob backups with a key', { AZURE_STORAGE_ACCOUNT: 'a', AZURE_STORAGE_KEY: 'k' }],
    ['a database on this machine without TLS', { POSTGRES_HOST: '127.0.0.1', POSTGRES_SSL_MODE: 'disable' }],
    ['TLS without verification', { POSTGRES_SSL_MODE: 'require' }],
    ['a burst and an admin factor', { RATE_LIMIT_BURST: '1', RATE_LIMIT_ADMIN_FACTOR: '1' }],
  ])('%s is enough', (_what, changes) => {
    expect(findings(changes)).toEqual([]);
  });

  test.each<[string, Changes, string[]]>([
    ['debug', { DEBUG: 'true' }, ['DEBUG']],
    ['a development key', { DEV_ENCRYPTION_KEY: 'x' }, ['DEV_ENCRYPTION_KEY']],
    ['the development issuer', { DEV_ISSUER: 'true', AUTH_JWKS_URI: undefined }, ['AUTH_JWKS_URI', 'DEV_ISSUER']],
    ['a plain public address', { PUBLIC_URL: 'http://mcp.example.com' }, ['PUBLIC_URL']],
    ['keys over plain HTTP', { AUTH_JWKS_URI: 'http://login.example.com/keys' }, ['AUTH_JWKS_URI']],
    ['a well-known password', { POSTGRES_PASSWORD: 'Postgres' }, ['POSTGRES_PASSWORD']],
    ["the login's name as password", { POSTGRES_PASSWORD: 'zava_server' }, ['POSTGRES_PASSWORD']],
    ['a well-known reader password', { POSTGRES_READER_PASSWORD: 'changeme' }, ['POSTGRES_READER_PASSWORD']],
    ['a well-known password in a URL', { DATABASE_URL: 'postgres://u:password@h/d' }, ['POSTGRES_PASSWORD']],
    ['the superuser', { POSTGRES_USER: 'postgres' }, ['POSTGRES_USER']],
    ['the superuser in a URL', { DATABASE_URL: 'postgres://postgres:correct@h/d' }, ['POSTGRES_USER']],
    ['no limit per subject', { RATE_LIMIT_PER_MINUTE: '0' }, ['RATE_LIMIT_PER_MINUTE']],
    ['no limit of SQL', { RATE_LIMIT_SQL_PER_MINUTE: '0' }, ['RATE_LIMIT_SQL_PER_MINUTE']],
    ['no limit of searches', { RATE_LIMIT_SEARCH_PER_MINUTE: '0' }, ['RATE_LIMIT_SEARCH_PER_MINUTE']],
    ['no limit of failures', { RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '0' }, ['RATE_LIMIT_FAILED_AUTH_PER_MINUTE']],
    ['a remote database without TLS', { POSTGRES_SSL_MODE: 'disable' }, ['POSTGRES_SSL_MODE']],
    ['a URL without TLS', { DATABASE_URL: 'postgres://u:correct@h/d?sslmode=prefer' }, ['DATABASE_URL']],
    [
      'other URLs without TLS',
      {
        POSTGRES_REPLICA_URLS: 'postgres://a/d?sslmode=disable,postgres://b/d?sslmode=disable',
        POSTGRES_DIRECT_URL: 'postgres://a/d?sslmode=disable',
        POSTGRES_OPERATOR_URL: 'postgres://a/d?sslmode=disable',
        POSTGRES_OWNER_URL: 'postgres://localhost/d?sslmode=disable',
      },
      ['POSTGRES_REPLICA_URLS', 'POSTGRES_DIRECT_URL', 'POSTGRES_OPERATOR_URL'],
    ],
    ['an autoscaler whose replicas meet nowhere', { AUTOSCALE: 'container-apps' }, ['AUTOSCALE']],
    ['more instances at the least than at the most', { AUTOSCALE_MIN: '5', AUTOSCALE_MAX: '4' }, ['AUTOSCALE_MIN']],
  ])('%s is unsafe', (_what, changes, expected) => {
    expect(namesOf(changes)).toEqual(expected);
  });

  test('over stdio the HTTP edge may stay unset', () => {
    expect(namesOf({ PUBLIC_URL: undefined, AUTH_JWKS_URI: undefined, RATE_LIMIT_PER_MINUTE: '0' }, 'stdio')).toEqual([]);
    expect(namesOf({ PUBLIC_URL: undefined, SCOPE_SIGNING_KEY_SECRET_NAME: undefined }, 'stdio')).toEqual([
      'SCOPE_SIGNING_KEY_SECRET_NAME',
    ]);
  });

  test('a single command needs nothing but must not be unsafe', () => {
    const { config } = readConfig({}, { ENVIRONMENT: 'production', DEBUG: 'true', POSTGRES_OWNER_URL: 'postgres://o@h/d' });
    expect(findProblems(config, 'nothing').map(({ setting }) => setting)).toEqual(['DEBUG']);
  });

  test('no finding repeats a secret', () => {
    const told = JSON.stringify(
      findings({
        POSTGRES_PASSWORD: 'changeme',
        DEV_ENCRYPTION_KEY: 'hunter2',
        DATABASE_URL: 'postgres://u:secret@h/d?sslmode=disable',
      }),
    );
    expect(told).not.toMatch(/changeme|hunter2|:secret@/);
  });
});

describe('everywhere', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['nothing set', {}, []],
    ['the development issuer on all addresses', { HOST: '0.0.0.0' }, ['DEV_ISSUER']],
    [
      'the development issuer asked for on all addresses',
      { HOST: '::', DEV_ISSUER: 'true', ENVIRONMENT: 'test' },
      ['DEV_ISSUER'],
    ],
    ['no authentication on all addresses', { HOST: '0.0.0.0', DEV_ISSUER: 'false' }, ['HOST']],
    ['no authentication on all addresses in a test', { HOST: '192.168.1.1', ENVIRONMENT: 'test' }, ['HOST']],
    ['keys on all addresses', { HOST: '0.0.0.0', AUTH_PUBLIC_KEY: 'pem' }, []],
    ['two sources of keys', { DEV_ISSUER: 'true', AUTH_PUBLIC_KEY: 'pem' }, ['DEV_ISSUER']],
    ['no authentication on loopback', { DEV_ISSUER: 'false' }, []],
    ['cross-origin requests of nobody', { ENABLE_CORS: 'true' }, ['ENABLE_CORS']],
    ['cross-origin requests of a page', { ENABLE_CORS: 'true', ALLOWED_ORIGINS: 'https://app.example.com' }, []],
    ['a redirect to nowhere', { HTTPS_REDIRECT: 'true', TRUST_PROXY: '1' }, ['HTTPS_REDIRECT']],
    ['a redirect to plain HTTP', { HTTPS_REDIRECT: 'true', TRUST_PROXY: '1', PUBLIC_URL: 'http://a' }, ['HTTPS_REDIRECT']],
    ['a redirect without a proxy', { HTTPS_REDIRECT: 'true', PUBLIC_URL: 'https://a' }, ['HTTPS_REDIRECT']],
    ['a redirect behind a proxy', { HTTPS_REDIRECT: 'true', TRUST_PROXY: '1', PUBLIC_URL: 'https://a' }, []],
    ['the Azure embedder without its endpoint', { EMBEDDER: 'azure' }, ['AZURE_OPENAI_ENDPOINT']],
    [
      'what only production refuses',
      { DEBUG: 'true', DEV_ENCRYPTION_KEY: 'x', POSTGRES_PASSWORD: 'zava', POSTGRES_HOST: 'db', RATE_LIMIT_PER_MINUTE: '0' },
      [],
    ],
  ])('%s: %j refuses %j', (_what, env, expected) => {
    expect(development(env)).toEqual(expected);
  });

  test('over stdio the address does not matter', () => {
    expect(development({ HOST: '0.0.0.0' }, 'stdio')).toEqual([]);
  });
});

test('several workers need a real database, whoever starts them', () => {
  const { config } = readConfig({}, { AUTOSCALE: 'workers' });
  expect(findProblems(config, 'http').map(({ setting }) => setting)).toEqual(['AUTOSCALE']);
  const real = readConfig({}, { AUTOSCALE: 'workers', DATABASE_URL: 'postgres://u:p@127.0.0.1/d' }).config;
  expect(findProblems(real, 'http')).toEqual([]);
});

test('a mail server needs a sender and receivers', () => {
  expect(namesOf({ SMTP_SERVER: 'mail.example.com' })).toEqual(['ALERT_FROM_EMAIL', 'ALERT_TO_EMAILS']);
  const whole = { SMTP_SERVER: 'mail.example.com', ALERT_FROM_EMAIL: 'a@example.com', ALERT_TO_EMAILS: 'b@example.com' };
  expect(namesOf(whole)).toEqual([]);
});

test('alerts leave production by https only, or not at all', () => {
  expect(namesOf({ SLACK_WEBHOOK_URL: 'http://hooks.example.com/x', ALERT_WEBHOOK_URL: 'http://10.0.0.1/' })).toEqual([
    'SLACK_WEBHOOK_URL',
    'ALERT_WEBHOOK_URL',
  ]);
  expect(namesOf({ TEAMS_WEBHOOK_URL: 'https://teams.example.com/x', ALERT_WEBHOOK_URL: 'http://127.0.0.1:9093/' })).toEqual([]);
});
