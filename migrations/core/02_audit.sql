-- The audit trail: append-only, hash-chained, partitioned by month.
CREATE SCHEMA audit;

CREATE TABLE audit.events (
  occurred_at timestamptz NOT NULL,
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  request_id text,
  subject text,
  roles text[],
  store_ids int[],
  tool text,
  action text NOT NULL,
  outcome text NOT NULL,
  error_code text,
  statement_fingerprint text,
  row_count int,
  duration_ms int,
  detail jsonb,
  prev_hash bytea NOT NULL,
  row_hash bytea NOT NULL,
  PRIMARY KEY (occurred_at, event_id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX idx_audit_subject ON audit.events (subject, occurred_at);
CREATE INDEX idx_audit_outcome ON audit.events (outcome, occurred_at);
-- For the head of the chain, which every batch starts from.
CREATE INDEX idx_audit_event ON audit.events (event_id);
-- Catches what no month's partition takes, so that an event is never lost for want of one.
CREATE TABLE audit.events_rest PARTITION OF audit.events DEFAULT;

CREATE FUNCTION audit.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'audit.events is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.events FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.events FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.events_rest FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- Canonical JSON: keys sorted, no blanks, UTF-8. jsonb sorts keys by length first, hence the explicit order.
CREATE FUNCTION audit.canonical_json(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE jsonb_typeof(value)
    WHEN 'object' THEN
      RETURN '{' || coalesce((SELECT string_agg(to_json(e.key)::text || ':' || audit.canonical_json(e.value), ',' ORDER BY e.key COLLATE "C")
                              FROM jsonb_each(value) e), '') || '}';
    WHEN 'array' THEN
      RETURN '[' || coalesce((SELECT string_agg(audit.canonical_json(e.value), ',' ORDER BY e.ordinality)
                              FROM jsonb_array_elements(value) WITH ORDINALITY e), '') || ']';
    ELSE RETURN value::text;
  END CASE;
END $$;

-- Appends a batch in its order. One writer at a time: the chain has one head.
CREATE FUNCTION audit.append(events jsonb[]) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  event jsonb;
  head bytea;
  body jsonb;
  hash bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('audit.events'));
  SELECT e.row_hash INTO head FROM audit.events e ORDER BY e.event_id DESC LIMIT 1;
  head := coalesce(head, decode(repeat('00', 32), 'hex'));
  FOREACH event IN ARRAY events LOOP
    body := jsonb_strip_nulls(event) || jsonb_build_object('occurred_at',
      to_char((event->>'occurred_at')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
    hash := sha256(head || convert_to(audit.canonical_json(body), 'UTF8'));
    INSERT INTO audit.events (occurred_at, request_id, subject, roles, store_ids, tool, action, outcome, error_code,
      statement_fingerprint, row_count, duration_ms, detail, prev_hash, row_hash)
    VALUES ((event->>'occurred_at')::timestamptz, event->>'request_id', event->>'subject',
      -- An empty list stays an empty list, as it was hashed; only an absent one becomes NULL.
      CASE jsonb_typeof(event->'roles') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(event->'roles')) END,
      CASE jsonb_typeof(event->'store_ids') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(event->'store_ids')::int) END,
      event->>'tool', event->>'action', event->>'outcome', event->>'error_code', event->>'statement_fingerprint',
      (event->>'row_count')::int, (event->>'duration_ms')::int, event->'detail', head, hash);
    head := hash;
  END LOOP;
  RETURN head;
END $$;
