import { connect, database, peerLogin, peersDatabase, readerPassword, withClient } from './installation.mjs';
import { progress } from './places.mjs';

/** Indexes of the plain design; what this server adds for speed is its own and not lent to others. */
const plainIndexes = [
  'idx_customers_store_email',
  'idx_products_category_price',
  'idx_products_type',
  'idx_inventory_product',
  'idx_orders_store_date',
  'idx_orders_customer_store',
  'idx_orders_date_amount',
  'idx_order_items_product',
];
/** Of the plain design, too; ours have the same keys in another form. */
const madeForPeers = `
  CREATE INDEX peers_order_items_order_store ON retail.order_items (order_id, store_id);
  CREATE INDEX peers_order_items_store_product ON retail.order_items (store_id, product_id) INCLUDE (quantity, total_amount);`;

const policies = `
  CREATE POLICY per_row ON retail.%TABLE% FOR SELECT TO ${peerLogin} USING (EXISTS (
    SELECT 1 FROM retail.stores s
    WHERE s.store_id = %TABLE%.store_id AND s.rls_user_id::text = current_setting('app.current_rls_user_id', true)));`;
const customers = `
  CREATE POLICY per_row ON retail.customers FOR SELECT TO ${peerLogin} USING (
    EXISTS (SELECT 1 FROM retail.stores s
      WHERE s.store_id = customers.primary_store_id AND s.rls_user_id::text = current_setting('app.current_rls_user_id', true))
    OR EXISTS (SELECT 1 FROM retail.orders o WHERE o.customer_id = customers.customer_id));`;

/**
 * The same rows for servers that know no tenants: a copy of the database with policies that ask for each row, and a login whose
 * tenant is fixed when it connects. Less work for each call than a scope of the call's own.
 *
 * @param {string} tenantKey
 * @param {string} digest of the data
 */
export async function preparePeersDatabase(tenantKey, digest) {
  const made = `${digest} ${tenantKey} 2`;
  const present = await withClient({ name: 'postgres' }, async (admin) => {
    const { rows } = await admin.query(
      `SELECT shobj_description(oid, 'pg_database') AS made FROM pg_database WHERE datname = '${peersDatabase}'`,
    );
    if (rows[0]?.made === made) return true;
    progress(`copying ${database} to ${peersDatabase}, with policies of its own`);
    await admin.query(`DROP DATABASE IF EXISTS ${peersDatabase} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${peersDatabase} TEMPLATE ${database}`);
    const known = await admin.query(`SELECT 1 FROM pg_roles WHERE rolname = '${peerLogin}'`);
    if (known.rows.length === 0) await admin.query(`CREATE ROLE ${peerLogin} LOGIN NOSUPERUSER`);
    await admin.query(`ALTER ROLE ${peerLogin} PASSWORD '${readerPassword()}'`);
    return false;
  });
  if (present) return;
  await withClient({ name: peersDatabase }, async (admin) => {
    for (const statement of await statementsFor(admin)) await admin.query(statement);
    const settings = { 'app.current_rls_user_id': tenantKey, jit: 'off', work_mem: '8MB' };
    for (const [name, value] of Object.entries(settings)) {
      await admin.query(`ALTER ROLE ${peerLogin} IN DATABASE ${peersDatabase} SET ${name} = '${value}'`);
    }
    await admin.query('VACUUM ANALYZE');
    await admin.query(`COMMENT ON DATABASE ${peersDatabase} IS '${made}'`);
  });
}

/** @param {import('pg').Client} admin */
async function statementsFor(admin) {
  const named = async (sql) => (await admin.query(sql)).rows.map(({ name }) => name);
  const extra = await named(
    `SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_class t ON t.oid = i.indrelid
     WHERE t.relnamespace = 'retail'::regnamespace AND c.relname <> ALL (ARRAY['${plainIndexes.join("','")}'])
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)`,
  );
  const old = await named(`SELECT format('DROP POLICY %I ON %s', polname, polrelid::regclass) AS name FROM pg_policy`);
  return [
    ...old,
    ...extra.map((index) => `DROP INDEX ${index}`),
    madeForPeers,
    ...['orders', 'order_items', 'inventory'].map((table) => policies.replaceAll('%TABLE%', table)),
    customers,
    `GRANT USAGE ON SCHEMA retail TO ${peerLogin}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA retail TO ${peerLogin}`,
  ];
}

export const connectAsPeer = () => connect({ name: peersDatabase, login: peerLogin, password: readerPassword() });
