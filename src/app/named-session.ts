import { databaseTarget } from '../config/database-target.ts';
import type { Config } from '../config/schema.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { type OpenedDatabase, openNamedSession } from './adapters.ts';

/** A login beside the server's own that work may need, and whether this installation has it. */
export interface NamedLogin {
  /** Names the setting that is missing. */
  readonly lacks?: string;
  /** Runs the work on a session of its own; a stop breaks the connection, and with it the statement. */
  run<T>(signal: AbortSignal, work: (session: OwnerSession) => Promise<T>): Promise<T>;
}

type LoginSetting = Parameters<typeof openNamedSession>[1];

const settingNames: Record<LoginSetting, string> = {
  postgresOwnerUrl: 'POSTGRES_OWNER_URL',
  postgresOperatorUrl: 'POSTGRES_OPERATOR_URL',
};

/** The first of the settings that is there. The embedded database has one session for everything. */
export function namedLogin(
  config: Config,
  opened: Pick<OpenedDatabase, 'session'>,
  settings: readonly LoginSetting[],
): NamedLogin {
  const { session } = opened;
  if (databaseTarget(config).kind === 'embedded' && session !== undefined)
    return { run: (_signal, work) => work(session('owner')) };
  const setting = settings.find((name) => config[name] !== undefined);
  if (setting === undefined) {
    const lacks = `${settings.map((name) => settingNames[name]).join(' or ')} is not set`;
    return { lacks, run: () => Promise.reject(new Error(lacks)) };
  }
  return {
    async run(signal, work) {
      signal.throwIfAborted();
      const own = await openNamedSession(config, setting);
      const close = () => own.close().catch(() => {});
      signal.addEventListener('abort', close, { once: true });
      try {
        return await work(own);
      } finally {
        signal.removeEventListener('abort', close);
        await close();
      }
    },
  };
}
