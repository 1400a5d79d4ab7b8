-- Which server has told of an alert, so that of several replicas one does. The key is a hash: whom an alert is about is not kept.
CREATE TABLE ops.alert_notices (
  alert text PRIMARY KEY CHECK (alert ~ '^[0-9a-f]{64}$'),
  -- Null once it has told of the end.
  holder text,
  notified_at timestamptz NOT NULL,
  -- When the holder last saw the alert: of one that is not heard of, any other tells of the end.
  seen_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.alert_notices TO {{prefix}}_server;
GRANT SELECT ON ops.alert_notices TO {{prefix}}_operator;
