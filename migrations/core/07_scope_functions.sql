CREATE OR REPLACE FUNCTION {{schema}}.use_scope(token text) RETURNS int[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids int[];
  context text;
BEGIN
  SELECT string_to_array(verified.ids, ',')::int[],
    set_config('zava.tenant_scope', verified.context || '|' || encode(sha256(verified.outer_pad ||
      sha256(verified.inner_pad || convert_to(verified.context, 'UTF8'))), 'hex'), true)
  INTO ids, context
  FROM (
    SELECT split_part(token, '.', 5) AS ids, split_part(token, '.', 3) AS expiry, binding.inner_pad, binding.outer_pad,
      split_part(token, '.', 5) || '|' || extract(epoch FROM transaction_timestamp()) AS context
    FROM keys.scope_keys signing
    JOIN keys.scope_keys binding ON binding.kid = 'transaction-binding'
    WHERE length(token) <= 8192 AND left(token, 3) = 'v1.'
      AND signing.kid = split_part(token, '.', 2) AND signing.purpose = 'sign'
      AND signing.valid_from <= clock_timestamp() AND signing.valid_to > clock_timestamp()
      AND right(token, 64) = encode(sha256(signing.outer_pad ||
        sha256(signing.inner_pad || convert_to(left(token, -65), 'UTF8'))), 'hex')
    OFFSET 0
  ) verified
  -- A lifetime beyond 60 s is refused even with a good signature (5 s of clock skew allowed).
  WHERE verified.expiry::bigint - extract(epoch FROM clock_timestamp()) BETWEEN 0 AND 65;
  IF ids IS NULL THEN
    -- An earlier context of this transaction must not outlive a token in doubt.
    PERFORM set_config('zava.tenant_scope', '', true);
    RETURN '{}';
  END IF;
  RETURN ids;
END $$;

-- In one statement, for the same reason as use_scope: an expression of PL/pgSQL is prepared anew in each transaction.
-- PARALLEL SAFE because it reads nothing that differs in a parallel worker (a worker has its own pid, but the leader's
-- settings and transaction_timestamp()). No EXCEPTION block: it would start a subtransaction, which parallel plans refuse.
CREATE OR REPLACE FUNCTION {{schema}}.{{ids}}() RETURNS int[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids int[];
BEGIN
  SELECT string_to_array(verified.ids, ',')::int[] INTO ids
  FROM (
    SELECT split_part(scope.told, '|', 1) AS ids
    FROM keys.scope_keys binding, LATERAL (SELECT current_setting('zava.tenant_scope', true) AS told OFFSET 0) scope
    WHERE binding.kid = 'transaction-binding'
      AND split_part(scope.told, '|', 2) = extract(epoch FROM transaction_timestamp())::text
      AND split_part(scope.told, '|', 3) = encode(sha256(binding.outer_pad || sha256(binding.inner_pad ||
        convert_to(split_part(scope.told, '|', 1) || '|' || split_part(scope.told, '|', 2), 'UTF8'))), 'hex')
    OFFSET 0
  ) verified;
  RETURN coalesce(ids, '{}');
END $$;
