import { migrateSchema, openNamedSession } from '../app/adapters.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { loadConfig } from '../config/load.ts';
import { exitCodes } from './exit-code.ts';

/** The embedded database brings itself up to date at its start; this is for a real server. */
export async function migrateServer(): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const served = await loadServedSchema(config);
  const session = await openNamedSession(config, 'postgresOwnerUrl');
  try {
    const applied = await migrateSchema(config, served, session, (name) => process.stderr.write(`applied ${name}\n`));
    process.stderr.write(applied === 0 ? 'The schema is up to date.\n' : `${applied} migrations applied.\n`);
    return exitCodes.done;
  } finally {
    await session.close();
  }
}
