-- audit.append for busy servers: the same records and hashes as in 0008, at a fraction of the cost. The canonical JSON of a record is
-- written by the expression below, member by member in the order of their names, in place of a walk over a document; rows are
-- inserted together.
CREATE OR REPLACE FUNCTION audit.append(events jsonb[]) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head bytea;
  hashes bytea[] := '{}';
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
  FOR event IN SELECT t.occurred_at, t.canonical FROM audit.typed(events) t ORDER BY t.place LOOP
    IF event.occurred_at IS NULL OR event.occurred_at NOT BETWEEN '2000-01-01Z' AND '9999-12-31Z' THEN
      RAISE EXCEPTION 'no event happened at %', event.occurred_at USING ERRCODE = 'invalid_parameter_value';
    END IF;
    head := sha256(head || convert_to(event.canonical, 'UTF8'));
    hashes := hashes || head;
  END LOOP;
  INSERT INTO audit.events (occurred_at, request_id, subject, roles, store_ids, tool, action, outcome, error_code,
    statement_fingerprint, row_count, duration_ms, detail, prev_hash, row_hash)
  SELECT t.occurred_at, t.request_id, t.subject, t.roles, t.store_ids, t.tool, t.action, t.outcome, t.error_code,
    t.statement_fingerprint, t.row_count, t.duration_ms, t.detail,
    CASE t.place WHEN 1 THEN first.head ELSE hashes[t.place - 1] END, hashes[t.place]
  FROM audit.typed(events) t, (SELECT coalesce(
    (SELECT e.row_hash FROM audit.events e ORDER BY e.event_id DESC LIMIT 1), decode(repeat('00', 32), 'hex')) AS head OFFSET 0) first
  ORDER BY t.place;
  RETURN head;
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
