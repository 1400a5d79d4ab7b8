import { expect } from 'vitest';
import { openDatabase } from '../../src/app/adapters.ts';
import { scopeKey } from '../../src/app/secrets.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { copyOfPreparedDataDir, type Environment, preparedScale, removeFolder } from '../e2e/product.ts';
import { realInstallation, realServer } from '../e2e/real-installation.ts';
import { runVerb } from './command-line.ts';

/** A database that verbs find filled at `preparedScale`. */
export interface Installation {
  readonly env: Environment & { readonly DATA_DIR: string };
  readonly prefix: string;
  /** As somebody with the rights of a superuser. */
  asAdministrator<T>(work: (session: OwnerSession) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

export async function embeddedInstallation(): Promise<Installation> {
  const env = { DATA_DIR: await copyOfPreparedDataDir() };
  return {
    env,
    prefix: 'zava',
    async asAdministrator(work) {
      const config = loadConfig({ serving: 'nothing' }, env);
      const { database, session } = await openDatabase({ config, served: retailSchema, key: await scopeKey(config) });
      if (session === undefined) throw new Error('the embedded database gives a session');
      return work(session('administrator')).finally(() => database.close());
    },
    remove: () => removeFolder(env.DATA_DIR),
  };
}

/** For verbs that do the same everywhere: a real server, where there is one, is connected at once; the embedded one takes seconds. */
export async function anyInstallation(name: string): Promise<Installation> {
  if (realServer === undefined) return embeddedInstallation();
  const own = await realInstallation(name);
  for (const args of [['bootstrap', '--admin-url', own.adminUrl], ['migrate'], ['seed', '--scale', String(preparedScale)]]) {
    const { code, stderr } = await runVerb(args, own.env);
    expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: expect.any(String) });
  }
  return {
    env: { DATA_DIR: '', ...own.env },
    prefix: own.database,
    async asAdministrator(work) {
      const admin = await own.admin();
      return work(admin).finally(() => admin.close());
    },
    remove: own.drop,
  };
}
