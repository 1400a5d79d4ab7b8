import type { TestDatabase } from '../databases.ts';

/** What a batch of statements did to a session that may do everything. */
export interface BatchReport {
  /** Statements that PostgreSQL ran to their end, or to their first fifty rows. */
  readonly ran: number;
  /** A transaction id is given to whoever changes anything. */
  readonly changed: boolean;
  /** Relations that were read, indexes apart; schema-qualified. */
  readonly relations: readonly string[];
  /** Settings, roles, advisory locks, cursors, prepared statements, temporary tables, large objects: of before and after. */
  readonly before: string;
  readonly after: string;
}

/**
 * The database as its own judge: a superuser runs what the guard has let through in a transaction that may write, without
 * row-level security or grants in the way, and PostgreSQL tells what was read and whether anything changed.
 */
export async function openOracle({ admin }: TestDatabase) {
  await admin.script(`
    CREATE SCHEMA fuzz;
    CREATE FUNCTION fuzz.surroundings() RETURNS text LANGUAGE sql VOLATILE AS $$
      SELECT md5(string_agg(name || '=' || coalesce(setting, ''), ',' ORDER BY name)) || current_user || session_user
        || (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')
        || ' ' || (SELECT count(*) FROM pg_prepared_statements WHERE from_sql) || ' ' || (SELECT count(*) FROM pg_listening_channels())
        || ' ' || (SELECT count(*) FROM pg_class WHERE relpersistence = 't') || ' ' || (SELECT count(*) FROM pg_largeobject_metadata)
        || ' ' || coalesce(current_setting('zava.tenant_scope', true), '')
        || (SELECT string_agg(last_value::text, ',' ORDER BY schemaname, sequencename) FROM pg_sequences)
      FROM pg_settings $$;
    CREATE FUNCTION fuzz.run(statements text[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      statement text;
      row record;
      seen int;
      ran int := 0;
      before text := fuzz.surroundings();
    BEGIN
      FOREACH statement IN ARRAY statements LOOP
        BEGIN
          seen := 0;
          FOR row IN EXECUTE statement LOOP
            seen := seen + 1;
            EXIT WHEN seen = 50;
          END LOOP;
          ran := ran + 1;
        EXCEPTION WHEN OTHERS THEN
          -- A failure is an answer: it changes and shows nothing.
        END;
      END LOOP;
      RETURN jsonb_build_object('ran', ran, 'changed', pg_current_xact_id_if_assigned() IS NOT NULL,
        'relations', (SELECT coalesce(jsonb_agg(DISTINCT n.nspname || '.' || c.relname), '[]')
          FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE l.pid = pg_backend_pid() AND c.relkind NOT IN ('i', 'I')),
        'before', before, 'after', fuzz.surroundings());
    END $$;`);
  // Extensions bring settings of their own along with their first use.
  await admin.query("SELECT extensions.similarity('a', 'b'), '[1]'::extensions.vector::text");
  const run = async (statements: readonly string[]): Promise<BatchReport> => {
    const [row] = await admin.query('SELECT fuzz.run($1) AS report', [statements]);
    return JSON.parse(row?.report ?? 'null');
  };
  /** What the judge itself reads in order to tell. */
  const own = new Set((await run([])).relations);
  return async (statements: readonly string[]): Promise<BatchReport> => {
    const report = await run(statements);
    return { ...report, relations: report.relations.filter((name) => !own.has(name)) };
  };
}
