-- Who may read what. Nothing is granted by default: a new table is invisible until it is listed here.
REVOKE ALL ON SCHEMA library, ops, audit, keys FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA library, ops, audit, keys FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA library TO {{prefix}}_server, {{prefix}}_operator, {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT EXECUTE ON FUNCTION library.use_scope(text), library.current_branch_ids() TO {{prefix}}_reader, {{prefix}}_reader_pii;

GRANT SELECT ON library.districts, library.titles, library.loans TO {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT SELECT (branch_id, branch_name, district_id) ON library.branches TO {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT SELECT (member_id, branch_id, full_name) ON library.members TO {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT SELECT (email) ON library.members TO {{prefix}}_reader_pii;

-- The serving login: operations and shared data. No tenant table.
GRANT USAGE ON SCHEMA ops, audit TO {{prefix}}_server;
GRANT EXECUTE ON FUNCTION library.tenant_directory(), audit.append(jsonb[]) TO {{prefix}}_server;
GRANT SELECT ON library.districts, library.titles TO {{prefix}}_server;
GRANT SELECT ON ops.schema_migrations, ops.table_versions, ops.principal_scopes, ops.backups TO {{prefix}}_server;
GRANT SELECT, INSERT, DELETE ON ops.revocations TO {{prefix}}_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.job_runs TO {{prefix}}_server;

-- Health, advice, backup: reads everything but keys.
GRANT USAGE ON SCHEMA ops, audit TO {{prefix}}_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA library, ops, audit TO {{prefix}}_operator;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA library, ops, audit TO {{prefix}}_operator;
GRANT INSERT, UPDATE, DELETE ON ops.backups TO {{prefix}}_operator;
