-- Backups. The restore test of one: when it was made, how it ended, how long the restore took (milliseconds).
ALTER TABLE ops.backups
  ADD COLUMN drilled_at timestamptz,
  ADD COLUMN drill_outcome text CHECK (drill_outcome IN ('passed', 'failed')),
  ADD COLUMN restore_ms bigint;

-- The operator reads everything but keys, so that no backup lacks a table: the months of the audit trail that are there, and
-- whatever the owner makes later.
GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}}, ops, audit TO {{prefix}}_operator;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA {{schema}}, ops, audit TO {{prefix}}_operator;
ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}}, ops, audit GRANT SELECT ON TABLES TO {{prefix}}_operator;
ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}}, ops, audit GRANT SELECT ON SEQUENCES TO {{prefix}}_operator;
