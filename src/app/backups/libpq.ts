import { findTool, type MajorRange, type PgProgram, type PgTool } from '../../backup/pg-tools.ts';
import type { DatabaseConnection } from '../../config/database-target.ts';
import { environmentLookup } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';

/** The environment of PostgreSQL's own programs: nothing of ours, and the password where no process list shows it. */
export function programEnvironment(connection?: DatabaseConnection): Record<string, string> {
  const lookup = environmentLookup();
  const passed = ['PATH', 'HOME', 'TMPDIR'].flatMap((name) => {
    const value = lookup(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const general = { ...Object.fromEntries(passed), LC_ALL: 'C' };
  if (connection === undefined) return general;
  const { address, login } = connection;
  return {
    ...general,
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGDATABASE: address.database,
    PGUSER: login.user,
    ...(login.password !== undefined && { PGPASSWORD: login.password }),
    PGSSLMODE: address.sslMode,
    // The machine's authorities, as Node trusts its own.
    ...(address.sslMode === 'verify-full' && { PGSSLROOTCERT: lookup('PGSSLROOTCERT') ?? 'system' }),
    PGAPPNAME: 'zava-backup',
    PGCONNECT_TIMEOUT: '10',
  };
}

export function findPgTool(config: Config, program: PgProgram, majors: MajorRange): Promise<PgTool> {
  return findTool(program, majors, { binDir: config.postgresBinDir, path: environmentLookup()('PATH') });
}
