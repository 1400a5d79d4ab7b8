import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadServedSchema } from '../../src/app/load-schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Tenant } from '../../src/core/principal.ts';
import type { Database, OwnerSession } from '../../src/postgres/database.ts';
import { migrate, readMigrations } from '../../src/postgres/migrate.ts';
import { refuseUnsafeRoles } from '../../src/postgres/privilege-check.ts';
import { createScopeSigner } from '../../src/postgres/scope-token.ts';
import { prove } from '../../src/proof/prove.ts';
import { runVerb, startVerb } from '../cli/command-line.ts';
import { dumpCatalog } from '../postgres/catalog-dump.ts';
import { forgingAttempts } from '../security/forging-attempts.ts';
import { type EmptyDatabase, onEveryDatabase, signingKey, tenantDirectory } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { testIssuer } from '../support/people.ts';
import { answerOf, postModern } from '../support/raw-mcp.ts';

const SCHEMA_DIR = fileURLToPath(new URL('../../examples/second-schema', import.meta.url));
const librarySchema = await loadServedSchema({ schemaDir: SCHEMA_DIR });
const { definition: libraryDefinition } = librarySchema;

onEveryDatabase('a second schema, a library with branches', (tier) => {
  let empty: EmptyDatabase;
  let database: Database;
  let product: ProductStack;
  let branches: Tenant[];
  const issuing = testIssuer();
  beforeAll(async () => {
    empty = await tier.openEmpty(libraryDefinition);
    await migrate({ session: empty.owner, migrations: await readMigrations(librarySchema.migrations), prefix: empty.prefix });
    await librarySchema.seed(empty.owner);
    database = await empty.connect();
    branches = await tenantDirectory(database, libraryDefinition);
    const { trusted } = await issuing;
    product = await productStack({ db: { database }, served: librarySchema, trusted });
  });
  afterAll(async () => {
    await product?.close();
    await empty?.close();
  });

  const call = async (claims: object, name: string, args: object = {}) => {
    const token = await (await issuing).tokenWith(claims);
    const response = await postModern(product.mcpUrl, 'tools/call', { name, arguments: args }, { token });
    return { status: response.status, body: await answerOf(response) };
  };
  const rowsOf = async (claims: object, sql: string) =>
    (await call(claims, 'execute_sales_query', { postgresql_query: sql })).body.result.structuredContent?.rows;
  const librarian = (...ids: number[]) => ({
    roles: ['librarian'],
    allowed_stores: branches.filter(({ id }) => ids.includes(id)).map(({ key }) => key),
  });
  const director = { roles: ['director'] };

  test('passes the start’s own check of logins and policies', async () => {
    await refuseUnsafeRoles({ database, definition: libraryDefinition, prefix: empty.prefix });
  });

  test('passes the proof: nothing found, every attack held off', async () => {
    const report = await prove({
      ...{ database, definition: libraryDefinition, prefix: empty.prefix, clock: systemClock, tenants: branches },
      signingKey: () => signingKey,
      migrations: await readMigrations(librarySchema.migrations),
    });
    expect(report.findings).toEqual([]);
    expect(report.probes.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.probes.length).toBeGreaterThan(50);
    expect(report.passed).toBe(true);
  });

  test('has the operations and the audit trail that retail has, to the letter', async () => {
    const retail = await tier.open();
    const shared = async (admin: OwnerSession, schema: string) =>
      (await dumpCatalog(admin)).filter(
        (line) => /\b(ops|audit)\./.test(line) && !line.includes(`${schema}.`) && !/events_\d{4}/.test(line),
      );
    const [here, there] = [await shared(empty.admin, 'library'), await shared(retail.admin, 'retail')];
    await retail.close();
    expect(there.length).toBeGreaterThan(100);
    expect(here).toEqual(there);
  });

  test('a policy that shows every row is found there, too', async () => {
    await empty.admin.script('ALTER POLICY loans_in_scope ON library.loans USING (true)');
    const report = await prove({
      ...{ database, definition: libraryDefinition, prefix: empty.prefix, clock: systemClock, tenants: branches },
      signingKey: () => signingKey,
      migrations: await readMigrations(librarySchema.migrations),
    });
    await empty.admin.script(
      'ALTER POLICY loans_in_scope ON library.loans USING (branch_id = ANY ((SELECT library.current_branch_ids())::int[]))',
    );
    expect(report.passed).toBe(false);
  });

  test('serves the tools that such a schema can answer, and names its own tables', async () => {
    const token = await (await issuing).tokenWith(director);
    const { result } = await answerOf(await postModern(product.mcpUrl, 'tools/list', {}, { token }));
    expect(result.tools.map(({ name }: { name: string }) => name)).toEqual([
      'get_multiple_table_schemas',
      'execute_sales_query',
      'get_current_utc_date',
      'explain_access',
    ]);
    const { body } = await call(director, 'get_multiple_table_schemas', { table_names: ['branches', 'loans'] });
    expect(body.result.content[0].text).toContain('Harbour, Mill Lane, Old Town');
    expect(body.result.content[0].text).not.toContain('retail');
  });

  test('each role sees its own branches, and those alone', async () => {
    const sql = 'SELECT branch_name, count(*) FROM loans JOIN branches USING (branch_id) GROUP BY 1 ORDER BY 1';
    const all = await rowsOf(director, sql);
    expect(all.map(([name]: [string]) => name)).toEqual(['Harbour', 'Mill Lane', 'Old Town']);
    expect(await rowsOf(librarian(1), sql)).toEqual([all[0]]);
    expect(await rowsOf(librarian(2), sql)).toEqual([all[1]]);
    expect(await rowsOf({ roles: ['district_head'], allowed_regions: ['North'] }, sql)).toEqual(all.slice(0, 2));
    expect((await call({ roles: ['librarian'] }, 'execute_sales_query', { postgresql_query: sql })).status).toBe(403);
  });

  test('columns are closed as its definition says', async () => {
    expect(await rowsOf(director, 'SELECT count(email) FROM members')).toEqual([[60]]);
    for (const sql of ['SELECT email FROM members', 'SELECT public_id FROM branches', 'SELECT * FROM retail.orders']) {
      const { body } = await call(librarian(1), 'execute_sales_query', { postgresql_query: sql });
      expect(body.result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('query_rejected') }] });
    }
    expect((await rowsOf(librarian(1), 'SELECT * FROM members LIMIT 1'))[0]).toHaveLength(3);
  });

  test('with the guard off, no attempt at forging a scope shows a row of another branch', async () => {
    await empty.owner.script(
      "INSERT INTO library.members VALUES (900, 2, 'Canaryname', 'canary@example.org'); INSERT INTO library.loans VALUES (987654, 2, 900, 1, '2026-02-02')",
    );
    const sign = createScopeSigner({ signingKey: () => signingKey, clock: systemClock });
    let ran = 0;
    for (const { sql } of forgingAttempts) {
      const seen = await database
        .runAsTenant({
          ...{ reader: 'reader', scopeToken: sign([1]), text: inLibraryTerms(sql, empty.prefix), timeoutMs: 5000 },
          limits: { maxRows: 1000, maxBytes: 1_000_000 },
        })
        .then(
          (result) => {
            ran += 1;
            const branch = result.columns.findIndex(({ name }) => name === 'branch_id');
            const foreign = branch < 0 ? [] : result.rows.filter((row) => row[branch]?.replaceAll("'", '') !== '1');
            return JSON.stringify({ foreign, rows: result.rows });
          },
          (error: Error) => JSON.stringify({ foreign: [], message: error.message, cause: String(error.cause) }),
        );
      expect(seen, sql).not.toMatch(/Canaryname|canary@|987654/);
      expect(seen, sql).toContain('"foreign":[]');
    }
    // Whatever an attack says of words that this schema lacks would hold nothing off.
    expect(ran).toBeGreaterThan(10);
    expect((await rowsOf(director, 'SELECT count(*) FROM loans WHERE loan_id = 987654'))[0]).toEqual([1]);
  });
});

/** The attacks on the retail schema, in this one's words. */
function inLibraryTerms(sql: string, prefix: string): string {
  const words: [RegExp, string][] = [
    [/retail\.orders|\borders\b/g, 'library.loans'],
    [/retail\.customers/g, 'library.members'],
    [/retail\.inventory/g, 'library.loans'],
    [/retail\.current_store_ids/g, 'library.current_branch_ids'],
    [/retail\.stores/g, 'library.branches'],
    [/retail\b/g, 'library'],
    [/\b(primary_)?store_id\b/g, 'branch_id'],
    [/customer_id/g, 'member_id'],
    [/(first|last)_name/g, 'full_name'],
    [/total_amount|stock_level|order_id/g, 'loan_id'],
    [/rls_user_id/g, 'public_id'],
    [/\{\{prefix\}\}/g, prefix],
  ];
  return words.reduce((text, [from, to]) => text.replace(from, to), sql);
}

test('is served by a setting: made, proved, and asked with a token of its own roles', async () => {
  const DATA_DIR = await mkdtemp(join(tmpdir(), 'zava-library-'));
  const env = { DATA_DIR, SCHEMA_DIR, ENVIRONMENT: 'test', DEV_ISSUER: 'true' };
  const proof = await runVerb(['prove', '--json'], env);
  expect(JSON.parse(proof.stdout)).toMatchObject({ passed: true, findings: [] });
  const server = startVerb(['serve', '--transport', 'http', '--port', '0'], env);
  await expect.poll(server.stderr, { interval: 20, timeout: 30_000 }).toContain('Ctrl-C stops the server');
  const [, url = ''] = /answers at (\S+)\./.exec(server.stderr()) ?? [];
  const [librarian = '', , director = ''] = [...server.stderr().matchAll(/Bearer ([\w.-]+)/g)].map(([, token = '']) => token);
  expect(server.stderr()).toContain('# Librarian of Harbour');
  const branches = async (token: string) => {
    const args = { postgresql_query: 'SELECT count(DISTINCT branch_id) FROM loans' };
    const response = await postModern(url, 'tools/call', { name: 'execute_sales_query', arguments: args }, { token });
    return (await answerOf(response)).result.structuredContent.rows;
  };
  expect([await branches(librarian), await branches(director)]).toEqual([[[1]], [[3]]]);
  server.signal('SIGTERM');
  expect((await server.done).code).toBe(0);
  const refused = await runVerb(['seed'], env);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('SCHEMA_DIR names another') });
  const retail = await runVerb(['prove'], { DATA_DIR, ENVIRONMENT: 'test' });
  expect(retail).toMatchObject({ code: 78, stderr: expect.stringContaining('name its schema in SCHEMA_DIR') });
  await rm(DATA_DIR, { recursive: true });
}, 120_000);
