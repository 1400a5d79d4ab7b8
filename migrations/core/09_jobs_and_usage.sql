-- Runs of scheduled jobs as leases, and what calls have used of the service.

-- A run belongs to the process that started it until `lease_until`, which that process moves on while it works. `attempt` is the
-- fence: whoever takes a run over raises it, and from then on the process before can write nothing more into the row.
ALTER TABLE ops.job_runs
  ADD COLUMN started_by text NOT NULL DEFAULT 'schedule' CHECK (started_by IN ('schedule', 'person')),
  ADD COLUMN attempt int NOT NULL DEFAULT 1 CHECK (attempt > 0),
  ADD COLUMN holder text,
  ADD COLUMN lease_until timestamptz,
  ADD COLUMN step text,
  ADD COLUMN step_done bigint,
  ADD COLUMN step_total bigint,
  ADD COLUMN detail text,
  ADD CHECK (outcome IN ('done', 'failed', 'skipped', 'cancelled', 'abandoned', 'not_owed'));

-- No overlap, whatever replicas do at the same moment.
CREATE UNIQUE INDEX job_runs_one_at_a_time ON ops.job_runs (job) WHERE finished_at IS NULL;

-- By day, tenant and tool: no subject, no statement. Tenant 0 stands for callers who see several tenants.
CREATE TABLE ops.tool_usage (
  day date NOT NULL,
  tenant_id int NOT NULL,
  tool text NOT NULL,
  calls bigint NOT NULL,
  failed bigint NOT NULL,
  rows bigint NOT NULL,
  bytes bigint NOT NULL,
  embedding_tokens bigint NOT NULL,
  queries bigint NOT NULL,
  cache_hits bigint NOT NULL,
  warm_hits bigint NOT NULL,
  database_ms double precision NOT NULL,
  saved_ms double precision NOT NULL,
  cpu_ms double precision NOT NULL,
  PRIMARY KEY (day, tenant_id, tool)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON ops.tool_usage TO {{prefix}}_server;
GRANT SELECT ON ops.tool_usage TO {{prefix}}_operator;
