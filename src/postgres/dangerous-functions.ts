import type { OwnerSession } from './database.ts';

/**
 * Functions that PUBLIC has no use for and a hostile statement has: settings, SQL given as text, files, messages, locks, other
 * sessions (all tenants share a login, and pg_stat_activity shows a login its own sessions' statements). Signatures are looked up, since they differ between server versions.
 */
export const dangerousFunctions = [
  'set_config',
  'query_to_xml',
  'query_to_xmlschema',
  'query_to_xml_and_xmlschema',
  'cursor_to_xml',
  'cursor_to_xmlschema',
  'table_to_xml',
  'table_to_xmlschema',
  'table_to_xml_and_xmlschema',
  'schema_to_xml',
  'schema_to_xmlschema',
  'schema_to_xml_and_xmlschema',
  'database_to_xml',
  'database_to_xmlschema',
  'database_to_xml_and_xmlschema',
  'ts_stat',
  'ts_rewrite',
  'pg_notify',
  'pg_sleep',
  'pg_sleep_for',
  'pg_sleep_until',
  'pg_cancel_backend',
  'pg_terminate_backend',
  'pg_stat_get_activity',
  'pg_stat_get_backend_activity',
  'pg_prepared_statement',
  'lo_create',
  'lo_creat',
  'lo_from_bytea',
  'lo_open',
  'lo_put',
  'lo_unlink',
  'lowrite',
  'pg_logical_emit_message',
  'pg_advisory_lock',
  'pg_advisory_lock_shared',
  'pg_try_advisory_lock',
  'pg_try_advisory_lock_shared',
  'pg_advisory_xact_lock',
  'pg_advisory_xact_lock_shared',
  'pg_try_advisory_xact_lock',
  'pg_try_advisory_xact_lock_shared',
];

/** What the owner's own functions, migrations and tools, and the operator's pg_dump, still need. */
const grantedBack: Record<string, readonly string[]> = {
  owner: [
    'set_config',
    'pg_notify',
    'pg_advisory_lock',
    'pg_advisory_xact_lock',
    'pg_advisory_xact_lock_shared',
    'pg_stat_get_activity',
  ],
  operator: ['set_config', 'pg_cancel_backend', 'pg_advisory_lock', 'pg_stat_get_activity', 'pg_stat_get_backend_activity'],
  server: ['pg_try_advisory_lock', 'pg_advisory_lock'],
};

/** For a superuser: nobody else may take these from PUBLIC. */
export async function revokeDangerousFunctions(session: OwnerSession, prefix: string): Promise<void> {
  const rows = await session.query(
    `SELECT p.proname AS name, p.oid::regprocedure::text AS signature FROM pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ($1)`,
    [dangerousFunctions],
  );
  const statements = rows.map((row) => `REVOKE EXECUTE ON FUNCTION ${row.signature} FROM PUBLIC;`);
  for (const [role, names] of Object.entries(grantedBack)) {
    for (const row of rows) {
      if (names.includes(row.name ?? '')) statements.push(`GRANT EXECUTE ON FUNCTION ${row.signature} TO ${prefix}_${role};`);
    }
  }
  // Without plpgsql a DO block, which could switch roles from inside, cannot run.
  statements.push(`REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; GRANT USAGE ON LANGUAGE plpgsql TO ${prefix}_owner;`);
  await session.script(statements.join('\n'));
}
