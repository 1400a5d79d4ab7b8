/** What an administrator could do to a sound database, and the finding that must tell of it. */
export interface PlantedFault {
  readonly name: string;
  readonly id: string;
  /** Undone by rolling back. `role` gives the installation's name of a suffix. */
  readonly plant: (role: (suffix: string) => string) => string;
  /** PGlite has no such thing. */
  readonly realOnly?: boolean;
  /** Told as a notice: bad manners, no open wall. */
  readonly notice?: boolean;
  /** First major version that has it. */
  readonly since?: number;
}

export const plantedFaults: readonly PlantedFault[] = [
  { name: 'a reader is made a superuser', id: 'role_is_superuser', plant: (role) => `ALTER ROLE ${role('reader')} SUPERUSER` },
  {
    name: 'the serving login bypasses policies',
    id: 'role_bypasses_rls',
    plant: (role) => `ALTER ROLE ${role('server')} BYPASSRLS`,
  },
  { name: 'a reader may create roles', id: 'role_creates_roles', plant: (role) => `ALTER ROLE ${role('reader_pii')} CREATEROLE` },
  {
    name: 'the serving login may create databases',
    id: 'role_creates_databases',
    plant: (role) => `ALTER ROLE ${role('server')} CREATEDB`,
  },
  { name: 'a reader may replicate', id: 'role_replicates', plant: (role) => `ALTER ROLE ${role('reader')} REPLICATION` },
  { name: 'a reader cannot log in', id: 'role_cannot_log_in', plant: (role) => `ALTER ROLE ${role('reader')} NOLOGIN` },
  {
    name: 'a reader is a member of the owner',
    id: 'role_is_member',
    plant: (role) => `GRANT ${role('owner')} TO ${role('reader')}`,
  },
  {
    name: 'a reader belongs to a role of PostgreSQL that reads everything',
    id: 'role_is_member',
    plant: (role) => `GRANT pg_read_all_data TO ${role('reader_costs')}`,
  },
  {
    name: 'a stranger is a member of the owner',
    id: 'role_has_members',
    notice: true,
    plant: (role) => `CREATE ROLE passer_by; GRANT ${role('owner')} TO passer_by`,
  },
  {
    name: 'a reader owns a table',
    id: 'role_owns_objects',
    plant: (role) => `CREATE TABLE retail.notes (note text); ALTER TABLE retail.notes OWNER TO ${role('reader')}`,
  },
  {
    name: 'a tenant table belongs to another role',
    id: 'relation_owner',
    plant: () => 'ALTER TABLE retail.orders OWNER TO CURRENT_USER',
  },
  { name: 'a tenant table is gone', id: 'relation_missing', plant: () => 'DROP TABLE retail.inventory' },
  { name: 'a reference table is gone', id: 'relation_missing', plant: () => 'DROP TABLE retail.categories CASCADE' },
  {
    name: 'row-level security is switched off',
    id: 'row_security_disabled',
    plant: () => 'ALTER TABLE retail.customers DISABLE ROW LEVEL SECURITY',
  },
  {
    name: 'row-level security no longer binds the owner',
    id: 'row_security_not_forced',
    plant: () => 'ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY',
  },
  { name: 'a policy is dropped', id: 'policy_missing', plant: () => 'DROP POLICY orders_in_scope ON retail.orders' },
  {
    name: 'a policy forgets one reader',
    id: 'policy_missing',
    plant: (role) => `ALTER POLICY orders_in_scope ON retail.orders TO ${role('reader')}`,
  },
  {
    name: 'a policy applies to PUBLIC',
    id: 'policy_public',
    plant: () => 'ALTER POLICY orders_in_scope ON retail.orders TO PUBLIC',
  },
  {
    name: 'a policy shows every row',
    id: 'policy_expression',
    plant: () => 'ALTER POLICY orders_in_scope ON retail.orders USING (true)',
  },
  {
    name: 'a second policy opens what the first closes',
    id: 'policy_expression',
    plant: (role) => `CREATE POLICY extra ON retail.inventory FOR SELECT TO ${role('reader_pii')} USING (stock_level > 0)`,
  },
  {
    name: 'a policy runs its function once a row',
    id: 'policy_expression',
    plant: () => 'ALTER POLICY orders_in_scope ON retail.orders USING (store_id = ANY (retail.current_store_ids()))',
  },
  {
    name: 'the policy that reads another table forgets its scope there',
    id: 'policy_expression',
    plant: () =>
      `ALTER POLICY customers_in_scope ON retail.customers USING (
         primary_store_id = ANY ((SELECT retail.current_store_ids())::int[])
         OR EXISTS (SELECT 1 FROM retail.orders o WHERE o.customer_id = customers.customer_id))`,
  },
  {
    name: 'a policy tests another column than the tenant’s',
    id: 'policy_expression',
    plant: () =>
      'ALTER POLICY orders_in_scope ON retail.orders USING (customer_id = ANY ((SELECT retail.current_store_ids())::int[]))',
  },
  {
    name: 'a policy trusts another function',
    id: 'policy_function',
    plant: () =>
      `CREATE FUNCTION retail.my_ids() RETURNS int[] LANGUAGE sql STABLE AS 'SELECT ARRAY[1, 2]';
       ALTER POLICY orders_in_scope ON retail.orders USING (store_id = ANY ((SELECT retail.my_ids())::int[]))`,
  },
  {
    name: 'a policy lets readers write',
    id: 'policy_allows_writes',
    plant: (role) => `CREATE POLICY extra ON retail.orders FOR INSERT TO ${role('reader')} WITH CHECK (true)`,
  },
  {
    name: 'a policy lets the operator write',
    id: 'policy_allows_writes',
    plant: (role) => `CREATE POLICY extra ON retail.orders FOR ALL TO ${role('operator')} USING (true)`,
  },
  {
    name: 'a policy shows rows to the serving login',
    id: 'policy_unexpected_role',
    plant: (role) => `CREATE POLICY extra ON retail.orders FOR SELECT TO ${role('server')} USING (true)`,
  },
  {
    name: 'a restrictive policy hides rows',
    id: 'policy_restrictive',
    plant: (role) =>
      `CREATE POLICY extra ON retail.orders AS RESTRICTIVE FOR SELECT TO ${role('reader')} USING (total_amount < 100)`,
  },
  {
    name: 'a hidden column is granted',
    id: 'column_readable',
    plant: (role) => `GRANT SELECT (rls_user_id) ON retail.stores TO ${role('reader')}`,
  },
  {
    name: 'a whole table with hidden columns is granted',
    id: 'column_readable',
    plant: (role) => `GRANT SELECT ON retail.products TO ${role('reader')}`,
  },
  {
    name: 'a column that callers are told of is closed',
    id: 'column_not_readable',
    plant: (role) => `REVOKE SELECT (sku) ON retail.products FROM ${role('reader')}`,
  },
  {
    name: 'a table beside the definition is granted',
    id: 'undefined_relation_readable',
    plant: (role) => `GRANT SELECT ON ops.principal_scopes TO ${role('reader')}`,
  },
  {
    name: 'the embeddings are granted',
    id: 'undefined_relation_readable',
    plant: (role) => `GRANT SELECT ON retail.product_description_embeddings TO ${role('reader_costs')}`,
  },
  {
    name: 'statistics of other callers’ statements are open to everyone',
    id: 'undefined_relation_readable',
    realOnly: true,
    plant: () => 'GRANT SELECT ON extensions.pg_stat_statements TO PUBLIC',
  },
  { name: 'a reader may insert', id: 'reader_writes', plant: (role) => `GRANT INSERT ON retail.orders TO ${role('reader')}` },
  {
    name: 'a reader may truncate',
    id: 'reader_writes',
    plant: (role) => `GRANT TRUNCATE ON retail.regions TO ${role('reader')}`,
  },
  {
    name: 'a reader may maintain',
    id: 'reader_writes',
    since: 17,
    plant: (role) => `GRANT MAINTAIN ON retail.orders TO ${role('reader')}`,
  },
  {
    name: 'the operator may update rows',
    id: 'operator_writes',
    plant: (role) => `GRANT UPDATE ON retail.orders TO ${role('operator')}`,
  },
  {
    name: 'the serving login may delete audit events',
    id: 'server_writes',
    plant: (role) => `GRANT DELETE ON audit.events TO ${role('server')}`,
  },
  {
    name: 'the serving login reads tenants’ rows',
    id: 'server_reads_tenants',
    plant: (role) => `GRANT SELECT (total_amount) ON retail.orders TO ${role('server')}`,
  },
  {
    name: 'the keys are readable',
    id: 'keys_readable',
    plant: (role) => `GRANT SELECT ON keys.scope_keys TO ${role('operator')}`,
  },
  {
    name: 'the schema of the keys is open',
    id: 'schema_open',
    plant: (role) => `GRANT USAGE ON SCHEMA keys TO ${role('server')}`,
  },
  { name: 'a table is granted to PUBLIC', id: 'granted_to_public', plant: () => 'GRANT SELECT ON retail.regions TO PUBLIC' },
  { name: 'a schema is granted to PUBLIC', id: 'granted_to_public', plant: () => 'GRANT USAGE ON SCHEMA ops TO PUBLIC' },
  {
    name: 'everyone may use temporary tables',
    id: 'granted_to_public',
    plant: () => `DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$`,
  },
  {
    name: 'a stranger is given a table',
    id: 'granted_to_stranger',
    plant: () => 'CREATE ROLE passer_by; GRANT SELECT ON retail.orders TO passer_by',
  },
  {
    name: 'a grant may be passed on',
    id: 'grantable',
    plant: (role) => `GRANT SELECT ON retail.regions TO ${role('reader')} WITH GRANT OPTION`,
  },
  {
    name: 'a reader may create in a schema',
    id: 'may_create',
    plant: (role) => `GRANT CREATE ON SCHEMA retail TO ${role('reader')}`,
  },
  {
    name: 'a reader may create in public',
    id: 'may_create',
    plant: (role) => `GRANT CREATE ON SCHEMA public TO ${role('reader')}`,
  },
  {
    name: 'a reader may advance a sequence',
    id: 'reader_sequence',
    plant: (role) => `GRANT USAGE ON SEQUENCE retail.orders_order_id_seq TO ${role('reader')}`,
  },
  {
    name: 'tables made next are open to a reader',
    id: 'default_privileges',
    plant: (role) =>
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${role('owner')} IN SCHEMA retail GRANT SELECT ON TABLES TO ${role('reader')}`,
  },
  {
    name: 'functions made next are open to everyone',
    id: 'default_function_execute',
    plant: (role) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${role('owner')} GRANT EXECUTE ON FUNCTIONS TO PUBLIC`,
  },
  {
    name: 'a definer function resolves names by the caller’s path',
    id: 'definer_search_path',
    plant: () => 'ALTER FUNCTION retail.current_store_ids() RESET search_path',
  },
  {
    name: 'a definer function prefers a schema that others can fill',
    id: 'definer_search_path',
    plant: () => 'ALTER FUNCTION retail.use_scope(text) SET search_path = public, pg_catalog',
  },
  {
    name: 'a definer function of the administrator is open to readers',
    id: 'definer_owner',
    plant: (role) =>
      `CREATE FUNCTION retail.all_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
         AS 'SELECT count(*) FROM retail.orders';
       GRANT EXECUTE ON FUNCTION retail.all_orders() TO ${role('reader')}`,
  },
  {
    name: 'readers may call the tenant directory',
    id: 'function_open_to_readers',
    plant: (role) => `GRANT EXECUTE ON FUNCTION retail.tenant_directory() TO ${role('reader')}`,
  },
  {
    name: 'the serving login may rewrite the rollups',
    id: 'function_open_to_server',
    plant: (role) => `GRANT EXECUTE ON FUNCTION retail.refresh_rollups(int[], date[]) TO ${role('server')}`,
  },
  {
    name: 'a function may see rows before the policies do',
    id: 'function_leakproof',
    plant: () => `CREATE FUNCTION retail.peek(int) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT true'`,
  },
  {
    name: 'a function is written in C',
    id: 'function_untrusted_language',
    plant: () => `CREATE FUNCTION retail.raw(text) RETURNS int LANGUAGE internal AS 'textlen'`,
  },
  {
    name: 'the scope function answers with every store',
    id: 'function_body',
    plant: () =>
      `CREATE OR REPLACE FUNCTION retail.current_store_ids() RETURNS int[] LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
       SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN ARRAY(SELECT store_id FROM retail.stores); END $$`,
  },
  {
    name: 'the scope function looks at the process id',
    id: 'scope_function_parallel',
    plant: () =>
      `CREATE OR REPLACE FUNCTION retail.current_store_ids() RETURNS int[] LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
       SET search_path = pg_catalog, pg_temp AS $$ BEGIN PERFORM pg_backend_pid(); RETURN '{}'; END $$`,
  },
  {
    name: 'the scope function is not stable',
    id: 'scope_function_volatility',
    plant: () => 'ALTER FUNCTION retail.current_store_ids() VOLATILE',
  },
  {
    name: 'the scope function keeps plans serial',
    id: 'scope_function_serial',
    notice: true,
    plant: () => 'ALTER FUNCTION retail.current_store_ids() PARALLEL UNSAFE',
  },
  {
    name: 'the scope function runs with the caller’s rights',
    id: 'scope_function_invoker',
    plant: () => 'ALTER FUNCTION retail.use_scope(text) SECURITY INVOKER',
  },
  {
    name: 'a reader cannot set its scope',
    id: 'scope_function_closed',
    plant: (role) => `REVOKE EXECUTE ON FUNCTION retail.use_scope(text) FROM ${role('reader')}`,
  },
  { name: 'the scope function is gone', id: 'scope_function_missing', plant: () => 'DROP FUNCTION retail.use_scope(text)' },
  {
    name: 'no policy asks for a scope',
    id: 'scope_function_missing',
    plant: () => 'DROP FUNCTION retail.current_store_ids() CASCADE',
  },
  {
    name: 'a view runs with its owner’s rights',
    id: 'view_without_security_invoker',
    plant: () => 'ALTER VIEW retail.sales_lines RESET (security_invoker)',
  },
  {
    name: 'a view upon a view runs with its owner’s rights',
    id: 'view_without_security_invoker',
    plant: () => 'CREATE VIEW retail.best AS SELECT * FROM retail.sales_lines',
  },
  {
    name: 'readers may read a materialized copy',
    id: 'materialized_view',
    plant: (role) =>
      `CREATE MATERIALIZED VIEW retail.copied AS SELECT * FROM retail.orders; GRANT SELECT ON retail.copied TO ${role('reader')}`,
  },
  {
    name: 'a materialized copy lies about',
    id: 'materialized_view',
    notice: true,
    plant: () => 'CREATE MATERIALIZED VIEW retail.copied AS SELECT * FROM retail.orders',
  },
  {
    name: 'a child table has no policy of its own',
    id: 'partition_without_row_security',
    plant: () => 'CREATE TABLE retail.orders_archive () INHERITS (retail.orders)',
  },
  {
    name: 'a parent without policies shows a tenant table’s rows',
    id: 'parent_without_row_security',
    plant: () => 'CREATE TABLE retail.anything (store_id int NOT NULL); ALTER TABLE retail.inventory INHERIT retail.anything',
  },
  {
    name: 'a rule answers with other rows',
    id: 'rewrite_rule',
    plant: () => 'CREATE RULE quietly AS ON INSERT TO retail.orders DO ALSO NOTHING',
  },
  {
    name: 'a trigger hands rows to a function from elsewhere',
    id: 'foreign_trigger',
    plant: () =>
      `CREATE FUNCTION public.copy_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
       CREATE TRIGGER copied BEFORE INSERT ON retail.orders FOR EACH ROW EXECUTE FUNCTION public.copy_row()`,
  },
  {
    name: 'a trigger is disabled',
    id: 'trigger_disabled',
    plant: () => 'ALTER TABLE audit.events DISABLE TRIGGER append_only',
  },
  {
    name: 'rows may have no tenant',
    id: 'tenant_column_nullable',
    plant: () => 'ALTER TABLE retail.orders ALTER store_id DROP NOT NULL',
  },
  {
    name: 'two stores may share one identity',
    id: 'unique_key_missing',
    plant: () => 'ALTER TABLE retail.stores DROP CONSTRAINT stores_rls_user_id_key',
  },
  {
    name: 'a line may belong to another store than its order',
    id: 'foreign_key_missing',
    plant: () => 'ALTER TABLE retail.order_items DROP CONSTRAINT order_items_order_id_store_id_fkey',
  },
  {
    name: 'an extension that runs SQL given as text is installed',
    id: 'extension_reaches_out',
    realOnly: true,
    plant: () => 'CREATE EXTENSION dblink SCHEMA extensions',
  },
  {
    name: 'an extension is installed that nobody examined',
    id: 'extension_unknown',
    realOnly: true,
    notice: true,
    plant: () => 'CREATE EXTENSION citext SCHEMA extensions',
  },
  {
    name: 'another server is connected',
    id: 'foreign_server',
    realOnly: true,
    plant: () => 'CREATE EXTENSION postgres_fdw SCHEMA extensions; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw',
  },
  {
    name: 'a foreign table reaches another database',
    id: 'foreign_table',
    realOnly: true,
    plant: () =>
      `CREATE EXTENSION postgres_fdw SCHEMA extensions; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
       CREATE FOREIGN TABLE retail.far (id int) SERVER elsewhere`,
  },
  {
    name: 'code runs at every login',
    id: 'event_trigger',
    realOnly: true,
    since: 17,
    plant: () =>
      `CREATE FUNCTION public.at_login() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
       CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION public.at_login()`,
  },
  {
    name: 'rows are published',
    id: 'publication',
    notice: true,
    plant: () => 'CREATE PUBLICATION everything FOR TABLE retail.orders',
  },
  {
    name: 'readers may change settings again',
    id: 'dangerous_functions_open',
    plant: () => 'GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC',
  },
  { name: 'readers may run DO blocks', id: 'language_open', plant: () => 'GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC' },
  {
    name: 'a reader may read files',
    id: 'privileged_function_open',
    plant: (role) => `GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ${role('reader')}`,
  },
  {
    name: 'a reader may read password hashes',
    id: 'privileged_catalogue_open',
    plant: (role) => `GRANT SELECT ON pg_authid TO ${role('reader')}`,
  },
  {
    name: 'planner statistics are open',
    id: 'privileged_catalogue_open',
    plant: (role) => `GRANT SELECT ON pg_statistic TO ${role('reader')}`,
  },
  {
    name: 'a reader’s sessions start as the owner',
    id: 'role_setting_forbidden',
    plant: (role) => `ALTER ROLE ${role('reader')} SET role = ${role('owner')}`,
  },
  {
    name: 'a scope is laid down beforehand',
    id: 'role_setting_forbidden',
    plant: (role) => `ALTER ROLE ${role('reader')} SET zava.tenant_scope = '1,2|x|y'`,
  },
  {
    name: 'every session starts with policies switched off',
    id: 'role_setting_forbidden',
    plant: () => `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET row_security = off', current_database()); END $$`,
  },
  {
    name: 'a reader’s sessions may write',
    id: 'role_setting_missing',
    plant: (role) =>
      `DO $$ BEGIN EXECUTE format('ALTER ROLE ${role('reader')} IN DATABASE %I RESET default_transaction_read_only', current_database()); END $$`,
  },
  {
    name: 'a reader’s statements have all the time in the world',
    id: 'role_setting_missing',
    plant: (role) =>
      `DO $$ BEGIN EXECUTE format('ALTER ROLE ${role('reader')} IN DATABASE %I SET statement_timeout = 0', current_database()); END $$`,
  },
];
