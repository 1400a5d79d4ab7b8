-- The audit trail by month, and a hash of what is stored rather than of what was sent.

-- As in 0004, but numbers have one spelling: 1.0 and 1 are the same record.
CREATE OR REPLACE FUNCTION audit.canonical_json(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE jsonb_typeof(value)
    WHEN 'object' THEN
      RETURN '{' || coalesce((SELECT string_agg(to_json(e.key)::text || ':' || audit.canonical_json(e.value), ',' ORDER BY e.key COLLATE "C")
                              FROM jsonb_each(value) e), '') || '}';
    WHEN 'array' THEN
      RETURN '[' || coalesce((SELECT string_agg(audit.canonical_json(e.value), ',' ORDER BY e.ordinality)
                              FROM jsonb_array_elements(value) WITH ORDINALITY e), '') || ']';
    WHEN 'number' THEN
      -- The integers that every JSON writer spells alike (RFC 8259, section 6).
      IF value::numeric <> trunc(value::numeric) OR abs(value::numeric) > 9007199254740991 THEN
        RAISE EXCEPTION 'audit events hold whole numbers up to 2^53 - 1, not %', value USING ERRCODE = 'invalid_parameter_value';
      END IF;
      RETURN trunc(value::numeric)::text;
    ELSE RETURN value::text;
  END CASE;
END $$;

-- Appends a batch in its order. One writer at a time: the chain has one head.
CREATE OR REPLACE FUNCTION audit.append(events jsonb[]) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  event jsonb;
  stored audit.events%ROWTYPE;
  body jsonb;
BEGIN
  -- A snapshot from before the lock would not see the head that another writer has just left, and the chain would fork.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'audit.append needs READ COMMITTED, not %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('audit.events'));
  SELECT e.row_hash INTO stored.row_hash FROM audit.events e ORDER BY e.event_id DESC LIMIT 1;
  stored.prev_hash := coalesce(stored.row_hash, decode(repeat('00', 32), 'hex'));
  FOREACH event IN ARRAY events LOOP
    stored.occurred_at := (event->>'occurred_at')::timestamptz;
    IF stored.occurred_at NOT BETWEEN '2000-01-01Z' AND '9999-12-31Z' THEN
      RAISE EXCEPTION 'no event happened at %', stored.occurred_at USING ERRCODE = 'invalid_parameter_value';
    END IF;
    stored.request_id := event->>'request_id';
    stored.subject := event->>'subject';
    -- An empty list stays an empty list; only an absent one becomes NULL.
    stored.roles := CASE jsonb_typeof(event->'roles') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(event->'roles')) END;
    stored.store_ids := CASE jsonb_typeof(event->'store_ids') WHEN 'array'
      THEN ARRAY(SELECT jsonb_array_elements_text(event->'store_ids')::int) END;
    stored.tool := event->>'tool';
    stored.action := event->>'action';
    stored.outcome := event->>'outcome';
    stored.error_code := event->>'error_code';
    stored.statement_fingerprint := event->>'statement_fingerprint';
    stored.row_count := (event->>'row_count')::int;
    stored.duration_ms := (event->>'duration_ms')::int;
    stored.detail := nullif(event->'detail', 'null');
    -- Of the values as they are stored, whatever else the event held: so anybody can recompute it from the table.
    body := jsonb_strip_nulls(to_jsonb(stored) - ARRAY['event_id', 'prev_hash', 'row_hash'] || jsonb_build_object('occurred_at',
      to_char(stored.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
    stored.row_hash := sha256(stored.prev_hash || convert_to(audit.canonical_json(body), 'UTF8'));
    INSERT INTO audit.events (occurred_at, request_id, subject, roles, store_ids, tool, action, outcome, error_code,
      statement_fingerprint, row_count, duration_ms, detail, prev_hash, row_hash)
    VALUES (stored.occurred_at, stored.request_id, stored.subject, stored.roles, stored.store_ids, stored.tool, stored.action,
      stored.outcome, stored.error_code, stored.statement_fingerprint, stored.row_count, stored.duration_ms, stored.detail,
      stored.prev_hash, stored.row_hash);
    stored.prev_hash := stored.row_hash;
  END LOOP;
  RETURN stored.prev_hash;
END $$;

-- One partition a month, from this one to `ahead` months from now. Returns the names of those that were made.
-- A month whose first events are in audit.events_rest already stays there: moving them would mean deleting them.
CREATE FUNCTION audit.ensure_months(ahead int) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  month timestamp;
  name text;
  made text[] := '{}';
BEGIN
  IF ahead NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'months ahead: 0 to 24, not %', ahead USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('audit.events'));
  FOR distance IN 0..ahead LOOP
    month := date_trunc('month', statement_timestamp() AT TIME ZONE 'UTC') + distance * interval '1 month';
    name := 'events_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN to_regclass(format('audit.%I', name)) IS NOT NULL OR EXISTS (
      SELECT 1 FROM audit.events_rest r
      WHERE r.occurred_at >= month AT TIME ZONE 'UTC' AND r.occurred_at < (month + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.events FOR VALUES FROM (%L) TO (%L)',
      name, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    -- Row triggers come with the partition, statement triggers do not.
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()', name);
    made := made || name;
  END LOOP;
  RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION audit.ensure_months(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.ensure_months(int) TO {{prefix}}_server;

SELECT audit.ensure_months(3);
