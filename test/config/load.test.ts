import { describe, expect, test } from 'vitest';
import { environmentLookup, loadConfig, readConfig } from '../../src/config/load.ts';
import { settingEntries } from '../../src/config/schema.ts';
import { AppError } from '../../src/core/errors.ts';

function refusalOf(env: Record<string, string>): AppError {
  try {
    loadConfig({}, env);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('misconfigured');
    return error as AppError;
  }
  throw new Error('the settings were accepted');
}

describe('values', () => {
  test('nothing set: development on loopback with its own issuer', () => {
    expect(loadConfig({}, {})).toMatchObject({
      environment: 'development',
      host: '127.0.0.1',
      port: 8000,
      devIssuer: true,
      authAudience: ['mcp-server'],
      postgresUser: 'zava_server',
      postgresSslMode: 'disable',
      postgresMaxConnections: undefined,
      databaseUrl: undefined,
      sources: new Map(),
    });
  });

  test.each([
    ['double', '"9000"'],
    ['single', "'9000'"],
    ['blanks and', '  "9000" '],
    ['a carriage return and', '9000\r'],
    ['no', '9000'],
  ])('%s quotes around a value do not matter', (_what, value) => {
    expect(loadConfig({}, { PORT: value }).port).toBe(9000);
  });

  test.each(['', '   ', '""', "''"])('an empty value (%j) counts as none', (value) => {
    const config = loadConfig({}, { PORT: value });
    expect(config.port).toBe(8000);
    expect(config.sources.has('port')).toBe(false);
  });

  test('a quote that stands alone belongs to the value', () => {
    expect(loadConfig({}, { POSTGRES_PASSWORD: '"it\'s' }).postgresPassword).toBe('"it\'s');
  });

  test('an alias sets the value and is remembered', () => {
    const config = loadConfig({}, { MCP_SERVER_PORT: '9000', AZURE_AUDIENCE: 'a, b', POSTGRES_DB_HOST: 'db' });
    expect(config).toMatchObject({ port: 9000, authAudience: ['a', 'b'], postgresHost: 'db' });
    expect(config.sources).toEqual(
      new Map([
        ['postgresHost', 'POSTGRES_DB_HOST'],
        ['port', 'MCP_SERVER_PORT'],
        ['authAudience', 'AZURE_AUDIENCE'],
      ]),
    );
  });

  test('a name and its alias may agree but not disagree', () => {
    expect(loadConfig({}, { PORT: '9000', MCP_SERVER_PORT: '9000' }).sources.get('port')).toBe('PORT');
    expect(refusalOf({ PORT: '9000', MCP_SERVER_PORT: '9001' }).message).toContain('MCP_SERVER_PORT contradicts PORT');
  });

  test.each<[Record<string, string>, boolean]>([
    [{}, true],
    [{ ENVIRONMENT: 'test' }, false],
    [{ AUTH_JWKS_URI: 'https://login.example.com/keys' }, false],
    [{ AUTH_PUBLIC_KEY: 'pem' }, false],
    [{ DEV_ISSUER: 'false' }, false],
    [{ ENVIRONMENT: 'test', DEV_ISSUER: 'true' }, true],
  ])('with %j the development issuer is on: %s', (env, on) => {
    expect(loadConfig({}, env).devIssuer).toBe(on);
  });

  test.each([
    [{ PORT: '80a' }, 'PORT is "80a": it must be a whole number from 0 to 65535'],
    [{ MCP_SERVER_PORT: '-1' }, 'MCP_SERVER_PORT is "-1"'],
    [{ ENVIRONMENT: 'prod' }, 'ENVIRONMENT is "prod": it must be one of development, test, production'],
    [{ ALLOWED_ORIGINS: '*' }, 'ALLOWED_ORIGINS is "*"'],
    [{ ENABLE_CORS: '*' }, 'ENABLE_CORS is "*": it must be true or false'],
    [{ PUBLIC_URL: 'mcp.example.com' }, 'PUBLIC_URL is "mcp.example.com"'],
  ])('%j is refused with what is expected', (env, told) => {
    expect(refusalOf(env).message).toContain(told);
  });

  test('a secret that cannot be used is not repeated', () => {
    const { message } = refusalOf({ DATABASE_URL: 'host=db password=hunter2', REDIS_URL: '"hunter2"' });
    expect(message).toContain('DATABASE_URL has a value that cannot be used: it must be a URL like postgresql://');
    expect(message).toContain('REDIS_URL has a value');
    expect(message).not.toContain('hunter2');
  });
});

describe('names', () => {
  test.each([
    ['POSTGRES_HOTS', 'did you mean POSTGRES_HOST?'],
    ['POSTGRES_SSLMODE', 'did you mean POSTGRES_SSL_MODE?'],
    ['DATABASE_URI', 'did you mean DATABASE_URL?'],
    ['MCP_SERVER_PORTS', 'did you mean MCP_SERVER_PORT?'],
    ['ZAVA_PORT', 'did you mean PORT?'],
    ['ZAVA_POSTGRES_HOTS', 'did you mean POSTGRES_HOST?'],
    ['ZAVA_ANYTHING', 'remove it'],
  ])('%s stops the start: %s', (name, remedy) => {
    expect(refusalOf({ [name]: 'x' }).message).toContain(`- ${name} is not a setting: ${remedy}`);
  });

  test.each(['HOME', 'HOSTNAME', 'PATH', 'POSTGRES_INITDB_ARGS', 'OTEL_SERVICE_NAME', 'zava', 'NODE_ENV', 'PORTS'])(
    '%s is none of our business',
    (name) => {
      expect(() => loadConfig({}, { [name]: 'x' })).not.toThrow();
    },
  );

  test('no setting is taken for a misspelling of another, and no name is used twice', () => {
    const names = settingEntries.flatMap(([, row]) => [row.env, ...row.aliases]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(80);
  });
});

test('everything that is wrong is told at once', () => {
  const { message, hint } = refusalOf({
    POSTGRES_HOTS: 'db',
    PORT: 'x',
    HOST: '0.0.0.0',
    SLOW_QUERY_MS: '-5',
    ZAVA_X: '1',
  });
  expect(message.split('\n')).toEqual([
    'The settings are refused (5):',
    '- POSTGRES_HOTS is not a setting: did you mean POSTGRES_HOST?',
    '- ZAVA_X is not a setting: remove it',
    '- SLOW_QUERY_MS is "-5": it must be a whole number from 1 to 3600000',
    '- PORT is "x": it must be a whole number from 0 to 65535',
    expect.stringContaining('- DEV_ISSUER works on loopback only'),
  ]);
  expect(hint).toContain('config check');
});

test('a setting with a bad value is not also called missing', () => {
  const { message } = refusalOf({ ENVIRONMENT: 'production', PUBLIC_URL: 'nonsense' });
  expect(message.match(/- PUBLIC_URL/g)).toHaveLength(1);
});

test('a faulty configuration can still be shown', () => {
  const { config, problems } = readConfig({}, { PORT: 'x', LOG_LEVEL: 'debug' });
  expect(config).toMatchObject({ port: 8000, logLevel: 'debug' });
  expect(problems).toEqual([{ setting: 'PORT', problem: 'is "x"', remedy: expect.stringContaining('whole number') }]);
});

test('without arguments the environment of the process counts', () => {
  process.env.QUERY_MAX_ROWS = '77';
  try {
    expect(readConfig().config.queryMaxRows).toBe(77);
    expect(environmentLookup()('QUERY_MAX_ROWS')).toBe('77');
  } finally {
    delete process.env.QUERY_MAX_ROWS;
  }
});

test('a secret is looked up in the environment by its name, and only its own', () => {
  const lookup = environmentLookup({ MY_KEY: '"k1:abc"' });
  expect(lookup('MY_KEY')).toBe('k1:abc');
  expect(lookup('OTHER')).toBeUndefined();
  expect(lookup('constructor')).toBeUndefined();
});
