-- The scope is verified in one statement in place of six: in a function that is called once a transaction, PL/pgSQL prepares each
-- expression anew for every call. What is verified stays the same, in the order of WHERE and then the result: the token's
-- signature by a key in force, its lifetime, and only then its ids, which become this transaction's context.
CREATE OR REPLACE FUNCTION retail.use_scope(token text) RETURNS int[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids int[];
  context text;
BEGIN
  SELECT string_to_array(split_part(token, '.', 5), ',')::int[],
    set_config('zava.tenant_scope', bound.context || '|' || encode(sha256(binding.outer_pad ||
      sha256(binding.inner_pad || convert_to(bound.context, 'UTF8'))), 'hex'), true)
  INTO ids, context
  FROM keys.scope_keys signing
  JOIN keys.scope_keys binding ON binding.kid = 'transaction-binding',
    LATERAL (SELECT split_part(token, '.', 5) || '|' || extract(epoch FROM transaction_timestamp()) AS context OFFSET 0) bound
  WHERE length(token) <= 8192 AND starts_with(token, 'v1.')
    AND signing.kid = split_part(token, '.', 2) AND signing.purpose = 'sign'
    AND signing.valid_from <= clock_timestamp() AND signing.valid_to > clock_timestamp()
    -- CASE: the parts of a text are read as what the server wrote only where the server wrote them.
    AND CASE WHEN right(token, 64) = encode(sha256(signing.outer_pad ||
      sha256(signing.inner_pad || convert_to(left(token, -65), 'UTF8'))), 'hex')
      -- A lifetime beyond 60 s is refused even with a good signature (5 s of clock skew allowed).
      THEN split_part(token, '.', 3)::bigint BETWEEN extract(epoch FROM clock_timestamp()) AND extract(epoch FROM clock_timestamp()) + 65
      ELSE false END;
  IF ids IS NULL THEN
    -- An earlier context of this transaction must not outlive a token in doubt.
    PERFORM set_config('zava.tenant_scope', '', true);
    RETURN '{}';
  END IF;
  RETURN ids;
END $$;
