import { randomBytes } from 'node:crypto';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { realServers } from '../support/databases.ts';
import { type Environment, newFolder, removeFolder } from './product.ts';

/** A database and roles of a test's own on the real PostgreSQL 17, which the command line is to set up. */
export interface RealInstallation {
  /** Without a password: that comes from PGPASSWORD. */
  readonly adminUrl: string;
  readonly env: Environment;
  readonly database: string;
  /** An administrator's session in the database. */
  admin(): Promise<OwnerSession>;
  drop(): Promise<void>;
}

export const realServer = realServers().find(({ name }) => name === 'PostgreSQL 17');

export async function realInstallation(name: string): Promise<RealInstallation> {
  if (realServer === undefined) throw new Error('there is no PostgreSQL 17: run npm run services:up');
  const url = new URL(realServer.adminUrl);
  const place = { host: url.hostname, port: Number(url.port), sslMode: 'disable', applicationName: 'zava-tests' } as const;
  const login = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const own = `${name}_${randomBytes(4).toString('hex')}`;
  const DATA_DIR = await newFolder();
  // Passwords as a generator makes them, with what an address must escape.
  const passwordOf = (role: string) => `${role} p@ss:/w%rd'"`;
  const loginUrl = (role: string) => {
    const address = new URL(`postgresql://${url.host}/${own}`);
    address.username = `${own}_${role}`;
    address.password = encodeURIComponent(passwordOf(role));
    return address.href;
  };
  const open = (database: string) => openOwnerSession({ ...place, database }, login);
  return {
    adminUrl: `postgresql://${url.username}@${url.host}/postgres`,
    database: own,
    env: {
      DATA_DIR,
      POSTGRES_HOST: url.hostname,
      POSTGRES_PORT: url.port,
      POSTGRES_DB: own,
      POSTGRES_SSL_MODE: 'disable',
      POSTGRES_ROLE_PREFIX: own,
      POSTGRES_USER: `${own}_server`,
      POSTGRES_PASSWORD: passwordOf('server'),
      POSTGRES_READER_PASSWORD: passwordOf('reader'),
      POSTGRES_OWNER_URL: loginUrl('owner'),
      POSTGRES_OPERATOR_URL: loginUrl('operator'),
      PGPASSWORD: login.password,
    },
    admin: () => open(own),
    async drop() {
      const session = await open('postgres');
      const databases = await session.query('SELECT datname FROM pg_database WHERE datname = $1 OR starts_with(datname, $2)', [
        own,
        `${own}_`,
      ]);
      for (const { datname } of databases) {
        await session.script(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
        await session.script(`DROP DATABASE ${datname} WITH (FORCE)`);
      }
      const roles = await session.query('SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)', [`${own}_`]);
      for (const { rolname } of roles) await session.script(`DROP OWNED BY ${rolname}; DROP ROLE ${rolname}`);
      await session.close();
      await removeFolder(DATA_DIR);
    },
  };
}
