-- The restore test of a backup: when it was made, how it ended, how long the restore took (milliseconds).
ALTER TABLE ops.backups
  ADD COLUMN drilled_at timestamptz,
  ADD COLUMN drill_outcome text CHECK (drill_outcome IN ('passed', 'failed')),
  ADD COLUMN restore_ms bigint;
