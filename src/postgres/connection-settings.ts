/** Where a PostgreSQL server is and how to speak to it; the login is added per use. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly sslMode: 'disable' | 'require' | 'verify-full';
  readonly applicationName: string;
}

export interface Login {
  readonly user: string;
  /** A function is asked at each new connection: for passwords that expire. */
  readonly password: string | (() => Promise<string>) | undefined;
}

/** The form that node-postgres takes. `require` encrypts without checking the name, as libpq does. */
export function toClientConfig(address: ServerAddress, login: Login) {
  return {
    host: address.host,
    port: address.port,
    database: address.database,
    user: login.user,
    password: login.password,
    application_name: address.applicationName,
    ssl: address.sslMode === 'disable' ? false : { rejectUnauthorized: address.sslMode === 'verify-full' },
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  };
}
