/**
 * Built-in functions that a caller's statement could leave its tenant by, or reach others through, if the tenant scope were a plain
 * setting. Where an administrator may, `bootstrap` takes them from PUBLIC; this list is the proof's own, so that one forgotten
 * there is found here.
 */
export const closedFunctions = [
  'set_config',
  'query_to_xml',
  'query_to_xmlschema',
  'query_to_xml_and_xmlschema',
  'cursor_to_xml',
  'table_to_xml',
  'schema_to_xml',
  'database_to_xml',
  'ts_stat',
  'ts_rewrite',
  'pg_notify',
  'pg_cancel_backend',
  'pg_terminate_backend',
  'lo_create',
  'lo_from_bytea',
  'lo_put',
  'lo_unlink',
  'lowrite',
  'pg_logical_emit_message',
  'pg_advisory_lock',
  'pg_try_advisory_lock',
];
