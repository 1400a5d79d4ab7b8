import { openSession } from '../app/adapters.ts';
import { scopeKey } from '../app/secrets.ts';
import { retailSchema } from '../app/served-schema.ts';
import { environmentLookup, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import { bootstrap, quoteIdentifier, type RolePasswords } from '../postgres/bootstrap.ts';
import { exitCodes } from './exit-code.ts';
import { askSecretly } from './prompt.ts';

/** Prepares a real server. Passwords come from the environment or a prompt, never from the command line. */
export async function bootstrapServer({ adminUrl }: { readonly adminUrl: string }): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const lookup = environmentLookup();
  const url = withPassword(adminUrl, lookup('PGPASSWORD'));
  const server = await openSession(config, url);
  try {
    const [known] = await server.query('SELECT 1 AS known FROM pg_database WHERE datname = $1', [config.postgresDb]);
    if (known === undefined) {
      await server.script(`CREATE DATABASE ${quoteIdentifier(config.postgresDb)} TEMPLATE template0 ENCODING 'UTF8'`);
      process.stderr.write(`Created the database ${config.postgresDb}.\n`);
    }
  } finally {
    await server.close();
  }
  const target = new URL(url);
  target.pathname = `/${encodeURIComponent(config.postgresDb)}`;
  const session = await openSession(config, target.href);
  try {
    const notices = await bootstrap({
      session,
      definition: retailSchema.definition,
      prefix: config.postgresRolePrefix,
      passwords: await rolePasswords(lookup, config),
      signingKey: await scopeKey(config),
      serverPrincipalId: config.postgresServerPrincipalId,
    });
    for (const notice of notices) process.stderr.write(`Note: ${notice}.\n`);
    process.stderr.write('Roles, extensions, privileges and keys are in place. Next: zava-mcp-server migrate\n');
    return exitCodes.done;
  } finally {
    await session.close();
  }
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
