import type { OpenSnapshot } from './backup-source.ts';
import type { PgTool } from './pg-tools.ts';
import { readProgram } from './run-program.ts';
import { digestTables, keysSchema, readFacts, requireSight, type Session } from './snapshot.ts';

export interface DumpSourceOptions {
  /** Of the operator, and nobody else's for as long as the snapshot is open. */
  readonly session: Session;
  readonly tool: PgTool;
  /** Of the same login, for the program: PGHOST and so on. */
  readonly env: Readonly<Record<string, string>>;
  readonly prefix: string;
}

/** pg_dump, custom format (compressed already), of the very snapshot that the rows were counted in. */
export function createDumpSource({ session, tool, env, prefix }: DumpSourceOptions): OpenSnapshot {
  return async ({ signal, onProgress }) => {
    const { bypassesRowSecurity } = await requireSight(session);
    // The snapshot waits, idle, for as long as the dump takes.
    await session.script('SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0');
    await session.script('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    try {
      const [row] = await session.query('SELECT pg_export_snapshot() AS id, pg_database_size(current_database())::text AS size');
      const facts = await readFacts(session, prefix);
      const tables = await digestTables(session, (done, total) => {
        signal.throwIfAborted();
        onProgress({ step: 'tables counted', done, total });
      });
      const args = [
        '--format=custom',
        `--snapshot=${row?.id}`,
        `--exclude-schema=${keysSchema}`,
        '--no-password',
        '--lock-wait-timeout=60s',
        // Whoever bypasses the policies has pg_dump insist on it; whoever does not is shown every row by one.
        ...(bypassesRowSecurity ? [] : ['--enable-row-security']),
      ];
      return {
        facts,
        tables,
        toolMajor: tool.major,
        estimatedBytes: Number(row?.size),
        parts: [{ role: 'dump', read: () => readProgram({ path: tool.path, args, env, signal }) }],
        close: () => session.script('ROLLBACK'),
      };
    } catch (error) {
      await session.script('ROLLBACK').catch(() => {});
      throw error;
    }
  };
}
