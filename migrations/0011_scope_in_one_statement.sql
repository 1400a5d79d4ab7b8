-- The scope is verified in one statement in place of six: in a function that is called once a transaction, PL/pgSQL prepares each
-- expression anew for every call. What is verified stays the same: the token's form, its signature by a key in force, its
-- lifetime; only a row that passes all of WHERE reaches the result, which makes the ids this transaction's context.
CREATE OR REPLACE FUNCTION retail.use_scope(token text) RETURNS int[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids int[];
  context text;
BEGIN
  -- The form first: what follows reads parts of the text, and a text in doubt must neither fail nor tell anything.
  IF length(token) <= 8192 AND token ~ '^v1\.[A-Za-z0-9_-]+\.[0-9]{1,12}\.[0-9a-f]+\.([0-9]{1,10}(,[0-9]{1,10})*)?\.[0-9a-f]{64}$' THEN
    SELECT string_to_array(split_part(token, '.', 5), ',')::int[],
      set_config('zava.tenant_scope', bound.context || '|' || encode(sha256(binding.outer_pad ||
        sha256(binding.inner_pad || convert_to(bound.context, 'UTF8'))), 'hex'), true)
    INTO ids, context
    FROM keys.scope_keys signing
    JOIN keys.scope_keys binding ON binding.kid = 'transaction-binding',
      LATERAL (SELECT split_part(token, '.', 5) || '|' || extract(epoch FROM transaction_timestamp()) AS context OFFSET 0) bound
    WHERE signing.kid = split_part(token, '.', 2) AND signing.purpose = 'sign'
      AND signing.valid_from <= clock_timestamp() AND signing.valid_to > clock_timestamp()
      AND right(token, 64) = encode(sha256(signing.outer_pad ||
        sha256(signing.inner_pad || convert_to(left(token, -65), 'UTF8'))), 'hex')
      -- A lifetime beyond 60 s is refused even with a good signature (5 s of clock skew allowed).
      AND split_part(token, '.', 3)::bigint BETWEEN extract(epoch FROM clock_timestamp()) AND extract(epoch FROM clock_timestamp()) + 65;
  END IF;
  IF ids IS NULL THEN
    -- An earlier context of this transaction must not outlive a token in doubt.
    PERFORM set_config('zava.tenant_scope', '', true);
    RETURN '{}';
  END IF;
  RETURN ids;
END $$;
