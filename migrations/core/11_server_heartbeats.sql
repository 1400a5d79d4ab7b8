-- Which servers are there: each says so again and again, and signs off when it ends in order. One that falls silent was lost.
CREATE TABLE ops.server_heartbeats (
  server text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.server_heartbeats TO {{prefix}}_server;
GRANT SELECT ON ops.server_heartbeats TO {{prefix}}_operator;
