-- What running the service needs: change tracking for caches, revocations, backups, schedules.
CREATE TABLE ops.table_versions (
  table_name text PRIMARY KEY,
  version bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now()
);

-- The version row serialises writers of one table until commit: right for a read-mostly database.
CREATE FUNCTION ops.note_table_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current_version bigint;
BEGIN
  INSERT INTO ops.table_versions AS v (table_name, version, changed_at)
  VALUES (TG_TABLE_NAME, 1, clock_timestamp())
  ON CONFLICT (table_name) DO UPDATE SET version = v.version + 1, changed_at = clock_timestamp()
  RETURNING v.version INTO current_version;
  -- Delivered at commit, so nobody hears of a change that was rolled back.
  PERFORM pg_notify('zava_table_changed', TG_TABLE_NAME || ':' || current_version);
  RETURN NULL;
END $$;

CREATE TABLE ops.revocations (
  revocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  jti text,
  subject text,
  revoked_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  reason text NOT NULL DEFAULT '',
  CHECK ((jti IS NULL) <> (subject IS NULL))
);
CREATE INDEX idx_revocations_jti ON ops.revocations (jti) WHERE jti IS NOT NULL;
CREATE INDEX idx_revocations_subject ON ops.revocations (subject, revoked_at) WHERE subject IS NOT NULL;

CREATE TABLE ops.backups (
  backup_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('full', 'incremental')),
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  bytes bigint,
  sha256 bytea,
  lsn pg_lsn,
  base_id bigint REFERENCES ops.backups (backup_id),
  location text NOT NULL,
  verified_at timestamptz,
  outcome text NOT NULL
);

CREATE TABLE ops.job_runs (
  job text NOT NULL,
  scheduled_for timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  outcome text,
  UNIQUE (job, scheduled_for)
);

-- For issuers whose tokens cannot carry store claims.
CREATE TABLE ops.principal_scopes (
  issuer text NOT NULL,
  subject_or_group text NOT NULL,
  roles text[] NOT NULL,
  store_names text[] NOT NULL DEFAULT '{}',
  region_names text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (issuer, subject_or_group)
);
