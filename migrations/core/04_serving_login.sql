GRANT USAGE ON SCHEMA ops, audit TO {{prefix}}_server;
GRANT EXECUTE ON FUNCTION {{schema}}.tenant_directory(), audit.append(jsonb[]) TO {{prefix}}_server;
