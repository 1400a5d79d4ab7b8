GRANT SELECT ON ops.schema_migrations, ops.table_versions, ops.principal_scopes, ops.backups TO {{prefix}}_server;
GRANT SELECT, INSERT, DELETE ON ops.revocations TO {{prefix}}_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.job_runs TO {{prefix}}_server;

-- Health, advice, backup: reads everything but keys.
GRANT USAGE ON SCHEMA ops, audit TO {{prefix}}_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}}, ops, audit TO {{prefix}}_operator;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA {{schema}}, ops, audit TO {{prefix}}_operator;
GRANT INSERT, UPDATE, DELETE ON ops.backups TO {{prefix}}_operator;
