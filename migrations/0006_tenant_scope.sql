-- A tenant scope that SQL cannot forge: signed by the server for one call, bound by the database to one transaction.
-- HMAC-SHA256 (RFC 2104) over padded keys that were computed ahead, so that core's sha256() is enough.
CREATE FUNCTION keys.mac(message text, inner_pad bytea, outer_pad bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN encode(sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8'))), 'hex');

-- Token: v1.<kid>.<expiry, unix seconds>.<nonce>.<ids joined by commas>.<mac of all before it, hex>.
-- Returns the verified ids and nothing at all for a token in doubt. The caller must compare them with the scope it meant.
CREATE FUNCTION retail.use_scope(token text) RETURNS int[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part text[] := string_to_array(token, '.');
  signed text;
  signing keys.scope_keys;
  binding keys.scope_keys;
  context text;
BEGIN
  PERFORM set_config('zava.tenant_scope', '', true);
  IF token IS NULL OR length(token) > 8192 OR cardinality(part) <> 6 OR part[1] <> 'v1' THEN RETURN '{}'; END IF;
  SELECT * INTO signing FROM keys.scope_keys k
    WHERE k.kid = part[2] AND k.purpose = 'sign' AND k.valid_from <= clock_timestamp() AND k.valid_to > clock_timestamp();
  IF NOT FOUND THEN RETURN '{}'; END IF;
  signed := array_to_string(part[1:5], '.');
  IF keys.mac(signed, signing.inner_pad, signing.outer_pad) <> part[6] THEN RETURN '{}'; END IF;
  -- From here on the text is the server's own. A lifetime beyond 60 s is refused even with a good signature (5 s of clock skew allowed).
  IF part[3]::bigint < extract(epoch FROM clock_timestamp()) OR part[3]::bigint > extract(epoch FROM clock_timestamp()) + 65 THEN
    RETURN '{}';
  END IF;
  SELECT * INTO binding FROM keys.scope_keys k WHERE k.purpose = 'bind' ORDER BY k.valid_from DESC LIMIT 1;
  IF NOT FOUND THEN RETURN '{}'; END IF;
  context := part[5] || '|' || extract(epoch FROM transaction_timestamp());
  PERFORM set_config('zava.tenant_scope', context || '|' || keys.mac(context, binding.inner_pad, binding.outer_pad), true);
  RETURN retail.current_store_ids();
END $$;

-- PARALLEL SAFE because it reads nothing that differs in a parallel worker (a worker has its own pid, but the leader's
-- settings and transaction_timestamp()). No EXCEPTION block: it would start a subtransaction, which parallel plans refuse.
CREATE FUNCTION retail.current_store_ids() RETURNS int[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part text[] := string_to_array(current_setting('zava.tenant_scope', true), '|');
  binding keys.scope_keys;
BEGIN
  IF part IS NULL OR cardinality(part) <> 3 THEN RETURN '{}'; END IF;
  SELECT * INTO binding FROM keys.scope_keys k WHERE k.purpose = 'bind' ORDER BY k.valid_from DESC LIMIT 1;
  IF NOT FOUND
    OR keys.mac(part[1] || '|' || part[2], binding.inner_pad, binding.outer_pad) <> part[3]
    OR part[2] <> extract(epoch FROM transaction_timestamp())::text
  THEN RETURN '{}'; END IF;
  RETURN string_to_array(part[1], ',')::int[];
END $$;

-- What the server needs to resolve claims; the only way to the tenants' public identities.
CREATE FUNCTION retail.tenant_directory() RETURNS TABLE (id int, name text, key text, "group" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.store_id, s.store_name, lower(s.rls_user_id::text), r.region_name
  FROM retail.stores s JOIN retail.regions r ON r.region_id = s.region_id ORDER BY s.store_id
$$;

DO $$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY['customers', 'inventory', 'orders', 'order_items',
    'sales_by_day', 'sales_by_month_product', 'sales_by_month_category']
  LOOP
    EXECUTE format('ALTER TABLE retail.%I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE retail.%I FORCE ROW LEVEL SECURITY', tenant_table);
    -- FORCE would otherwise blind the loader, and backups must see every row.
    EXECUTE format('CREATE POLICY %I ON retail.%I FOR ALL TO {{prefix}}_owner USING (true) WITH CHECK (true)',
      tenant_table || '_owner', tenant_table);
    EXECUTE format('CREATE POLICY %I ON retail.%I FOR SELECT TO {{prefix}}_operator USING (true)',
      tenant_table || '_operator', tenant_table);
    -- The scalar sub-select makes the function run once a query, not once a row.
    IF tenant_table <> 'customers' THEN
      EXECUTE format('CREATE POLICY %I ON retail.%I FOR SELECT '
        'TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii '
        'USING (store_id = ANY ((SELECT retail.current_store_ids())::int[]))', tenant_table || '_in_scope', tenant_table);
    END IF;
  END LOOP;
END $$;

CREATE POLICY customers_in_scope ON retail.customers FOR SELECT
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii
  USING (primary_store_id = ANY ((SELECT retail.current_store_ids())::int[])
    OR EXISTS (SELECT 1 FROM retail.orders o
               WHERE o.customer_id = customers.customer_id AND o.store_id = ANY ((SELECT retail.current_store_ids())::int[])));
