import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import type { Principal } from '../../src/core/principal.ts';
import { installKeys } from '../../src/postgres/bootstrap.ts';
import { createScopeSigner, type ScopeSigningKey } from '../../src/postgres/scope-token.ts';
import { approve } from '../../src/query/approval.ts';
import { createExecute } from '../../src/query/execute.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, principalFor, signingKey, type TestDatabase } from '../support/databases.ts';
import { asRole } from './as-role.ts';

const tenantTables = ['orders', 'order_items', 'inventory', 'sales_by_day', 'sales_by_month_product', 'sales_by_month_category'];
const [reader] = retailDefinition.readerRoles;

const signerWith = (key: ScopeSigningKey, offsetMs = 0) =>
  createScopeSigner({ signingKey: () => key, clock: { ...systemClock, now: () => Date.now() + offsetMs } });
const keyOf = (text: string) => createHash('sha256').update(text).digest();

/** Puts another character in place of the one at `index`. */
const alter = (token: string, index: number) =>
  `${token.slice(0, index)}${token[index] === '0' ? '1' : '0'}${token.slice(index + 1)}`;

onEveryDatabase('The tenant scope', (tier) => {
  let db: TestDatabase;
  let seattle: Principal;
  beforeAll(async () => {
    db = await tier.open();
    seattle = await principalFor(db.database, 'store_manager', [1]);
  });
  afterAll(() => db.close());

  const storesIn = async (ids: readonly number[], table: string) =>
    (await db.asStores(ids, `SELECT DISTINCT store_id FROM retail.${table} ORDER BY 1`)).rows.map((row) => Number(row[0]));
  const withToken = (scopeToken: string, text: string) => db.asStores([1], text, { scopeToken });

  test.each(tenantTables)('opens %s to the stores it names and to no other', async (table) => {
    expect(await storesIn([1], table)).toEqual([1]);
    expect(await storesIn([3, 1], table)).toEqual([1, 3]);
    expect(await storesIn([1, 2, 3, 4, 5, 6, 7, 8], table)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await storesIn([99], table)).toEqual([]);
  });

  test('opens a customer to the store of her own and to those she bought at', async () => {
    const seen = await db.asStores([1], 'SELECT customer_id FROM retail.customers ORDER BY 1');
    const meant = await db.owner.query(
      `SELECT customer_id FROM retail.customers c WHERE primary_store_id = 1
       OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id = 1) ORDER BY 1`,
    );
    expect(seen.rows.map((row) => row[0])).toEqual(meant.map((row) => row.customer_id));
    expect(seen.rows.length).toBeGreaterThan(10);
  });

  test.each([...tenantTables, 'customers'])('shows no row of %s without a context', async (table) => {
    expect(await asRole(db, 'reader_costs_pii', `SELECT count(*) AS rows FROM retail.${table}`)).toEqual([{ rows: '0' }]);
  });

  test('leaves shared reference data open', async () => {
    const result = await db.asStores([4], 'SELECT (SELECT count(*) FROM retail.products), (SELECT count(*) FROM retail.stores)');
    expect(result.rows).toEqual([['419', '8']]);
  });

  test.each(['1,2', 'one|2|3', '1|now|00', '1,,{|2|3|4', '||', '💥|💥|💥'])(
    'cannot be set by the setting’s name, to %j',
    async (told) => {
      await db.admin.script('BEGIN');
      await db.admin.script(`SET LOCAL zava.tenant_scope = '${told}'; SET LOCAL ROLE ${db.role('reader')}`);
      const rows = await db.admin.query(
        'SELECT retail.current_store_ids() AS ids, (SELECT count(*) FROM retail.orders) AS orders',
      );
      await db.admin.script('ROLLBACK');
      expect(rows).toEqual([{ ids: '{}', orders: '0' }]);
    },
  );

  describe('with a token that is', () => {
    const good = () => db.sign([1]);
    const bad: [string, () => string][] = [
      ['expired', () => signerWith(signingKey, -31_000)([1])],
      ['good for longer than a minute', () => signerWith(signingKey, 120_000)([1])],
      ['of an unknown key', () => signerWith({ ...signingKey, kid: 'nobody' })([1])],
      ['signed with a foreign key under a known name', () => signerWith({ kid: 'test', key: keyOf('foreign') })([1])],
      ['named after the key that binds transactions', () => signerWith({ ...signingKey, kid: 'transaction-binding' })([1])],
      ['empty', () => ''],
      ['nothing but dots', () => '.....'],
      ['a null in words', () => 'null'],
      ['of another version', () => good().replace('v1.', 'v2.')],
      ['one part short', () => good().split('.').slice(0, 5).join('.')],
      ['one part long', () => `${good()}.00`],
      ['endless', () => `${good()}${'0'.repeat(9000)}`],
      ['widened to another store', () => good().replace(/\.1\.([0-9a-f]{64})$/, '.1,2.$1')],
      ['prolonged', () => good().replace(/\.(\d{10})\./, (_, time) => `.${Number(time) + 10}.`)],
      ['altered in its first character', () => alter(good(), 0)],
      ['altered in its last character', () => alter(good(), good().length - 1)],
      ['altered in its nonce', () => alter(good(), good().indexOf('.', 8) + 14)],
      ['in upper case', () => good().toUpperCase()],
      // Read as numbers before the signature is, these would fail, and a failure tells.
      ['unsigned, its expiry no number', () => `v1.test.soon.00.1.${'0'.repeat(64)}`],
      ['unsigned, its stores no numbers', () => `v1.test.9999999999.00.one,two.${'0'.repeat(64)}`],
      ['unsigned, its stores beyond any number', () => `v1.test.9999999999.00.99999999999999999999.${'0'.repeat(64)}`],
      ['unsigned, its stores half a list', () => `v1.test.9999999999.00.1,,{.${'0'.repeat(64)}`],
    ];

    test.each(bad)('%s, SQL sees no row', async (_name, token) => {
      const result = await withToken(token(), 'SELECT store_id FROM retail.orders');
      expect(result.verifiedTenantIds).toEqual([]);
      expect(result.rows).toEqual([]);
    });

    test.each(bad)('%s, the server fails the call as internal', async (_name, token) => {
      const execute = createExecute({ database: db.database, signScope: token, maxRows: 10, maxBytes: 1e6, timeoutMs: 5000 });
      for (const text of ['SELECT coalesce(sum(total_amount), 0) FROM retail.orders', 'SELECT 1 / count(*) FROM retail.orders']) {
        const query = approve({ text, reader: reader!, relations: ['orders'], volatile: false });
        await expect(execute(query, seattle)).rejects.toMatchObject({ code: 'internal' });
      }
    });

    test('right, the same calls answer', async () => {
      const execute = createExecute({ database: db.database, signScope: db.sign, maxRows: 10, maxBytes: 1e6, timeoutMs: 5000 });
      const query = approve({
        text: 'SELECT count(*) > 0 FROM retail.orders',
        reader: reader!,
        relations: ['orders'],
        volatile: false,
      });
      expect((await execute(query, seattle)).rows).toEqual([['t']]);
    });

    test('right for other stores than meant, the call fails as internal', async () => {
      for (const ids of [[2], [1, 2], [1, 1]]) {
        const execute = createExecute({
          database: db.database,
          signScope: () => db.sign(ids),
          maxRows: 10,
          maxBytes: 1e6,
          timeoutMs: 5000,
        });
        const query = approve({ text: 'SELECT 1', reader: reader!, relations: [], volatile: false });
        await expect(execute(query, seattle)).rejects.toMatchObject({ code: 'internal' });
      }
    });
  });

  describe('while its key is rotated', () => {
    const next: ScopeSigningKey = { kid: 'next', key: keyOf('the next key') };
    const verified = async (key: ScopeSigningKey) => (await withToken(signerWith(key)([1]), 'SELECT 1')).verifiedTenantIds;

    test('takes tokens of the old and of the new key, and of the new one alone in the end', async () => {
      expect(await verified(next)).toEqual([]);
      await installKeys({ session: db.admin, prefix: db.role('').slice(0, -1), signingKey: next });
      expect(await verified(next)).toEqual([1]);
      expect(await verified(signingKey)).toEqual([1]);
      await db.owner.query("UPDATE keys.scope_keys SET valid_to = now() WHERE kid = 'test'");
      expect(await verified(signingKey)).toEqual([]);
      expect(await verified(next)).toEqual([1]);
      await db.owner.query("UPDATE keys.scope_keys SET valid_to = 'infinity' WHERE kid = 'test'");
    });

    test('does not take a key before its time', async () => {
      await db.owner.query("UPDATE keys.scope_keys SET valid_from = now() + interval '1 hour' WHERE kid = 'next'");
      expect(await verified(next)).toEqual([]);
    });

    test('gives nothing at all where the binding key is missing', async () => {
      await db.admin.script('BEGIN');
      await db.admin.query("DELETE FROM keys.scope_keys WHERE purpose = 'bind'");
      const rows = await db.admin.query('SELECT retail.use_scope($1) AS ids', [db.sign([1])]);
      await db.admin.script('ROLLBACK');
      expect(rows).toEqual([{ ids: '{}' }]);
    });

    test('a context outlives the loss of its binding key in no case', async () => {
      await db.admin.script('BEGIN');
      const before = await db.admin.query('SELECT retail.use_scope($1) AS ids', [db.sign([1])]);
      await db.admin.query("DELETE FROM keys.scope_keys WHERE purpose = 'bind'");
      const after = await db.admin.query('SELECT retail.current_store_ids() AS ids');
      await db.admin.script('ROLLBACK');
      expect([before, after]).toEqual([[{ ids: '{1}' }], [{ ids: '{}' }]]);
    });
  });

  describe('in the plan', () => {
    interface Node {
      'Node Type': string;
      'Parent Relationship'?: string;
      'Actual Loops': number;
      Output?: string[];
      Plans?: Node[];
      [key: string]: unknown;
    }
    const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

    const plan = async (sql: string) => {
      const [row] = await asRole(db, 'reader', `EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) ${sql}`, [1, 2]);
      const nodes = nodesOf((JSON.parse(row?.['QUERY PLAN'] ?? '') as { Plan: Node }[])[0]!.Plan);
      const inits = nodes.filter((node) => node['Parent Relationship'] === 'InitPlan');
      return { inits, others: nodes.filter((node) => !inits.includes(node)) };
    };

    test.each([
      ['SELECT count(*) FROM retail.orders', 1],
      ['SELECT sum(stock_level) FROM retail.inventory', 1],
      ['SELECT sum(i.quantity) FROM retail.orders o JOIN retail.order_items i USING (order_id, store_id)', 2],
      ['SELECT count(*) FROM retail.orders a, retail.orders b WHERE a.order_id = b.order_id', 2],
      ['SELECT sum(revenue) FROM retail.sales_by_day', 1],
      // Its policy asks twice itself, and reads orders, whose policy asks once more.
      ['SELECT count(*) FROM retail.customers', 3],
    ])('%s asks for the scope once a reference (%i), never once a row', async (sql, references) => {
      const { inits, others } = await plan(sql);
      expect(inits.map((node) => node.Output)).toEqual(Array(references).fill(['retail.current_store_ids()']));
      for (const node of inits) expect(node['Actual Loops']).toBeLessThanOrEqual(1);
      expect(JSON.stringify(others.map(({ Plans, ...own }) => own))).not.toContain('current_store_ids');
    });
  });
});
