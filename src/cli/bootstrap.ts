import { openSession } from '../app/adapters.ts';
import { drillTemplateOf } from '../app/backups/server-scratch.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { scopeKey } from '../app/secrets.ts';
import { environmentLookup, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import { bootstrap, quoteIdentifier, type RolePasswords } from '../postgres/bootstrap.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { exitCodes } from './exit-code.ts';
import { askSecretly } from './prompt.ts';

/** Prepares a real server. Passwords come from the environment or a prompt, never from the command line. */
export interface BootstrapFlags {
  readonly adminUrl: string;
  /** Also makes the database that `backup drill` copies. */
  readonly forDrills?: boolean;
}

export async function bootstrapServer({ adminUrl, forDrills = false }: BootstrapFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const lookup = environmentLookup();
  const url = withPassword(adminUrl, lookup('PGPASSWORD'));
  const template = drillTemplateOf(config.postgresDb);
  const databases = forDrills ? [config.postgresDb, template] : [config.postgresDb];
  await withSession(config, url, async (server) => {
    for (const database of databases) await createDatabase(server, database);
  });
  const passwords = await rolePasswords(lookup, config);
  const signingKey = await scopeKey(config);
  const { definition } = await loadServedSchema(config);
  const { postgresRolePrefix: prefix, postgresServerPrincipalId: serverPrincipalId } = config;
  for (const database of databases) {
    const target = new URL(url);
    target.pathname = `/${encodeURIComponent(database)}`;
    const notices = await withSession(config, target.href, (session) =>
      bootstrap({ session, definition, prefix, passwords, signingKey, serverPrincipalId }),
    );
    if (database === config.postgresDb) for (const notice of notices) process.stderr.write(`Note: ${notice}.\n`);
  }
  if (forDrills) {
    await withSession(config, url, (server) => server.script(`ALTER DATABASE ${quoteIdentifier(template)} IS_TEMPLATE true`));
    process.stderr.write(`The database ${template} is ready for zava-mcp-server backup drill.\n`);
  }
  process.stderr.write('Roles, extensions, privileges and keys are in place. Next: zava-mcp-server migrate\n');
  return exitCodes.done;
}

async function withSession<T>(config: Config, url: string, work: (session: OwnerSession) => Promise<T>): Promise<T> {
  const session = await openSession(config, url);
  return work(session).finally(() => session.close());
}

async function createDatabase(server: OwnerSession, database: string): Promise<void> {
  const [known] = await server.query('SELECT 1 AS known FROM pg_database WHERE datname = $1', [database]);
  if (known !== undefined) return;
  await server.script(`CREATE DATABASE ${quoteIdentifier(database)} TEMPLATE template0 ENCODING 'UTF8'`);
  process.stderr.write(`Created the database ${database}.\n`);
}

function withPassword(adminUrl: string, password: string | undefined): string {
  if (!URL.canParse(adminUrl)) {
    throw new AppError('invalid_input', '--admin-url is not a connection string', {
      hint: 'Write postgresql://<administrator>@<host>:5432/postgres and give the password in PGPASSWORD.',
    });
  }
  const url = new URL(adminUrl);
  if (url.password === '' && password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}

async function rolePasswords(lookup: (name: string) => string | undefined, config: Config): Promise<RolePasswords> {
  const server = await serverPassword(config);
  return {
    ...(server !== undefined && { server }),
    reader:
      config.postgresReaderPassword ?? server ?? (await askSecretly('Password of the readers (POSTGRES_READER_PASSWORD): ')),
    owner: passwordIn(lookup('POSTGRES_OWNER_URL')) ?? (await askSecretly('Password of the owner login: ')),
    operator: passwordIn(lookup('POSTGRES_OPERATOR_URL')) ?? (await askSecretly('Password of the operator login: ')),
  };
}

/** None where an identity signs in as the server. */
async function serverPassword(config: Config): Promise<string | undefined> {
  if (config.postgresPassword !== undefined) return config.postgresPassword;
  if (config.postgresServerPrincipalId !== undefined) return undefined;
  return askSecretly('Password of the server login (POSTGRES_PASSWORD): ');
}

function passwordIn(url: string | undefined): string | undefined {
  const password = url !== undefined && URL.canParse(url) ? new URL(url).password : '';
  return password === '' ? undefined : decodeURIComponent(password);
}
