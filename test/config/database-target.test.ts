import { expect, test } from 'vitest';
import { databaseTarget, parseConnection } from '../../src/config/database-target.ts';
import { readConfig } from '../../src/config/load.ts';

function configFrom(env: Record<string, string>) {
  return readConfig({}, env).config;
}

function targetOf(env: Record<string, string>) {
  return databaseTarget(configFrom(env));
}

test.each([
  {},
  { POSTGRES_USER: 'x', POSTGRES_SSL_MODE: 'require' },
  { ENVIRONMENT: 'test', POSTGRES_OWNER_URL: 'postgres://h/d' },
])('without a place for the data (%j) the database is embedded', (env) => {
  expect(targetOf(env)).toEqual({ kind: 'embedded' });
});

test.each<[Record<string, string>, Record<string, unknown>]>([
  [{ POSTGRES_HOST: 'db' }, { host: 'db', port: 5432, database: 'zava', sslMode: 'disable' }],
  [
    { POSTGRES_DB_HOST: 'db', POSTGRES_DB_PORT: '6000' },
    { host: 'db', port: 6000 },
  ],
  [{ POSTGRES_PORT: '6000' }, { host: 'localhost', port: 6000 }],
  [{ POSTGRES_DB: 'shop' }, { host: 'localhost', database: 'shop' }],
  [{ POSTGRES_PASSWORD: 'x' }, { host: 'localhost' }],
  [{ ENVIRONMENT: 'production' }, { host: 'localhost', sslMode: 'verify-full' }],
  [
    { DATABASE_URL: 'postgres://h:7000/d', POSTGRES_HOST: 'other', POSTGRES_PORT: '1' },
    { host: 'h', port: 7000, database: 'd' },
  ],
  [{ DATABASE_URL: 'postgres://h' }, { host: 'h', port: 5432, database: 'zava' }],
  [{ DATABASE_URL: 'postgres://[::1]/d' }, { host: '::1' }],
  [{ DATABASE_URL: 'postgres:///d?host=/run/pg' }, { host: '/run/pg', database: 'd' }],
  [{ POSTGRES_HOST: 'h', POSTGRES_APPLICATION_NAME: 'mine' }, { applicationName: 'mine' }],
])('%j names a server', (env, address) => {
  expect(targetOf(env)).toMatchObject({ kind: 'postgresql', address });
});

test.each<[Record<string, string>, string, string | undefined, string | undefined]>([
  [{ POSTGRES_PASSWORD: 'p' }, 'zava_server', 'p', 'p'],
  [{ POSTGRES_PASSWORD: 'p', POSTGRES_READER_PASSWORD: 'r' }, 'zava_server', 'p', 'r'],
  [{ POSTGRES_HOST: 'h', POSTGRES_ROLE_PREFIX: 'shop' }, 'shop_server', undefined, undefined],
  [{ POSTGRES_HOST: 'h', POSTGRES_ROLE_PREFIX: 'shop', POSTGRES_USER: 'me' }, 'me', undefined, undefined],
  [{ DATABASE_URL: 'postgres://u:p%40ss@h/d' }, 'u', 'p@ss', 'p@ss'],
  [{ DATABASE_URL: 'postgres://u:50%@h/d' }, 'u', '50%', '50%'],
  [{ DATABASE_URL: 'postgres://u@h/d', POSTGRES_PASSWORD: 'p' }, 'u', 'p', 'p'],
])('%j logs in as %s', (env, user, password, readerPassword) => {
  expect(targetOf(env)).toMatchObject({ login: { user, password }, readerPassword });
});

test.each([
  ['disable', 'disable'],
  ['allow', 'disable'],
  ['prefer', 'disable'],
  ['require', 'require'],
  ['verify-ca', 'verify-full'],
  ['verify-full', 'verify-full'],
  ['nonsense', 'verify-full'],
])('sslmode=%s of a connection string counts as %s', (written, mode) => {
  const config = configFrom({ POSTGRES_SSL_MODE: 'require' });
  expect(parseConnection(`postgres://h/d?sslmode=${written}`, config).address.sslMode).toBe(mode);
});

test('another connection does not borrow the password of the server login', () => {
  const config = configFrom({ POSTGRES_PASSWORD: 'p' });
  expect(parseConnection('postgres://owner@h/d', config).login).toEqual({ user: 'owner', password: undefined });
});
