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

-- The events of a batch as they are stored, each with its place and with the one text of it that is hashed: keys sorted, no
-- blanks, no nulls, times in UTC with microseconds.
CREATE FUNCTION audit.typed(events jsonb[]) RETURNS TABLE (place int, occurred_at timestamptz, request_id text, subject text,
  roles text[], store_ids int[], tool text, action text, outcome text, error_code text, statement_fingerprint text, row_count int,
  duration_ms int, detail jsonb, canonical text)
-- Without settings of its own, so that it becomes part of the query that uses it, and what that does not ask for is not made.
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT v.place::int, v.occurred_at, v.request_id, v.subject, v.roles, v.store_ids, v.tool, v.action, v.outcome, v.error_code,
    v.statement_fingerprint, v.row_count, v.duration_ms, v.detail,
    '{' || concat_ws(',',
      '"action":' || to_json(v.action),
      '"detail":' || audit.canonical_json(jsonb_strip_nulls(v.detail)),
      '"duration_ms":' || v.duration_ms,
      '"error_code":' || to_json(v.error_code),
      '"occurred_at":"' || to_char(v.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"',
      '"outcome":' || to_json(v.outcome),
      '"request_id":' || to_json(v.request_id),
      '"roles":' || to_json(v.roles),
      '"row_count":' || v.row_count,
      '"statement_fingerprint":' || to_json(v.statement_fingerprint),
      '"store_ids":' || to_json(v.store_ids),
      '"subject":' || to_json(v.subject),
      '"tool":' || to_json(v.tool)) || '}'
  FROM (
    SELECT u.place, (u.e->>'occurred_at')::timestamptz AS occurred_at, u.e->>'request_id' AS request_id, u.e->>'subject' AS subject,
      -- An empty list stays an empty list; only an absent one becomes NULL.
      CASE jsonb_typeof(u.e->'roles') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(u.e->'roles')) END AS roles,
      CASE jsonb_typeof(u.e->'store_ids') WHEN 'array'
        THEN ARRAY(SELECT jsonb_array_elements_text(u.e->'store_ids')::int) END AS store_ids,
      u.e->>'tool' AS tool, u.e->>'action' AS action, u.e->>'outcome' AS outcome, u.e->>'error_code' AS error_code,
      u.e->>'statement_fingerprint' AS statement_fingerprint, (u.e->>'row_count')::int AS row_count,
      (u.e->>'duration_ms')::int AS duration_ms, nullif(u.e->'detail', 'null') AS detail
    FROM unnest(events) WITH ORDINALITY u(e, place)) v;
END;
REVOKE EXECUTE ON FUNCTION audit.typed(jsonb[]) FROM PUBLIC;

-- Appends a batch in its order. One writer at a time: the chain has one head. What is hashed are the values as they are stored,
-- whatever else an event held: so anybody can recompute it from the table.
CREATE OR REPLACE FUNCTION audit.append(events jsonb[]) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head bytea;
  -- The head before the batch, then the hash of each event.
  chain bytea[];
  event record;
BEGIN
  -- A snapshot from before the lock would not see the head that another writer has just left, and the chain would fork.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'audit.append needs READ COMMITTED, not %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('audit.events'));
  SELECT e.row_hash INTO head FROM audit.events e ORDER BY e.event_id DESC LIMIT 1;
  head := coalesce(head, decode(repeat('00', 32), 'hex'));
  chain := ARRAY[head];
  FOR event IN SELECT t.occurred_at, t.canonical FROM audit.typed(events) t ORDER BY t.place LOOP
    IF event.occurred_at IS NULL OR event.occurred_at NOT BETWEEN '2000-01-01Z' AND '9999-12-31Z' THEN
      RAISE EXCEPTION 'no event happened at %', event.occurred_at USING ERRCODE = 'invalid_parameter_value';
    END IF;
    head := sha256(head || convert_to(event.canonical, 'UTF8'));
    chain := chain || head;
  END LOOP;
  INSERT INTO audit.events (occurred_at, request_id, subject, roles, store_ids, tool, action, outcome, error_code,
    statement_fingerprint, row_count, duration_ms, detail, prev_hash, row_hash)
  SELECT t.occurred_at, t.request_id, t.subject, t.roles, t.store_ids, t.tool, t.action, t.outcome, t.error_code,
    t.statement_fingerprint, t.row_count, t.duration_ms, t.detail, chain[t.place], chain[t.place + 1]
  FROM audit.typed(events) t ORDER BY t.place;
  RETURN head;
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
