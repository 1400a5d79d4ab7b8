import { beforeAll, describe, expect, test } from 'vitest';
import type { SchemaDefinition } from '../../src/core/schema-definition.ts';
import { type CatalogFacts, readCatalog } from '../../src/proof/catalog.ts';
import { inspect } from '../../src/proof/inspect.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { tiers } from '../support/databases.ts';

/** What cannot be planted on a test's database: altered in the facts of a sound one. */
describe('the rules', () => {
  const installation = { definition: retailDefinition, prefix: 'zava', serverLogin: 'zava_server' };
  let sound: CatalogFacts;
  beforeAll(async () => {
    const db = await tiers[0]!.open();
    sound = await readCatalog(db.database.query, installation);
    await db.close();
  });
  const judge = (changes: Partial<CatalogFacts>, embedded = false, definition: SchemaDefinition = retailDefinition) =>
    inspect({ ...sound, ...changes }, { installation: { ...installation, definition }, embedded }).map(
      ({ id, severity, where }) => `${severity} ${id}: ${where}`,
    );

  test('find nothing where nothing is altered', () => {
    expect(judge({})).toEqual([]);
  });

  test('tell of languages that no privilege binds, and of policies switched off for the server', () => {
    const surroundings = { ...sound.surroundings, untrustedLanguages: ['plpython3u'], rowSecurity: 'off' };
    expect(judge({ surroundings })).toEqual([
      'fault untrusted_language: language plpython3u',
      'fault row_security_off: setting row_security',
    ]);
  });

  test('take built-ins that no administrator could close for a notice, but for the embedded database', () => {
    const builtins = sound.builtins.map((builtin) => ({ ...builtin, open: true }));
    const surroundings = { ...sound.surroundings, languageUsers: ['zava_reader'] };
    const where = ['dangerous_functions_open: built-in functions', 'language_open: procedural languages'];
    expect(judge({ builtins, surroundings })).toEqual(where.map((text) => `notice ${text}`));
    expect(judge({ builtins, surroundings }, true)).toEqual(where.map((text) => `fault ${text}`));
  });

  test('tell of a function that nobody may call and no migration makes as a notice', () => {
    const [first] = sound.functions;
    const stranger = { ...first!, name: 'retail.stranger', definer: false, executors: [], source: 'SELECT 90210' };
    const options = { installation, embedded: false, migrationsText: sound.functions.map(({ source }) => source).join('\n') };
    expect(inspect({ ...sound, functions: [...sound.functions, stranger] }, options)).toMatchObject([
      { id: 'function_body', severity: 'notice' },
    ]);
  });

  test('tell of default privileges in every schema', () => {
    const grant = { owner: 'zava_owner', schema: '', objects: 'r', grantee: 'PUBLIC', privileges: ['SELECT'] };
    expect(judge({ defaultGrants: [...sound.defaultGrants, grant] })).toEqual([
      'fault default_privileges: default privileges of zava_owner',
    ]);
  });

  const withRelation = (name: string, changes: object): SchemaDefinition => ({
    ...retailDefinition,
    relations: retailDefinition.relations.map((relation) => (relation.name === name ? { ...relation, ...changes } : relation)),
  });
  const customersPolicy = 'fault policy_expression: policy customers_in_scope on retail.customers';

  test.each([
    ['reads a relation that the definition does not name', withRelation('customers', { policyReads: [] })],
    ['reads more relations than the form knows', withRelation('customers', { policyReads: ['orders', 'order_items'] })],
    ['reads a relation that does not refer to it', withRelation('orders', { relationships: [] })],
    ['reads a relation without a tenant', withRelation('orders', { tenantColumn: undefined })],
    ['guards a relation without a tenant', withRelation('customers', { tenantColumn: undefined })],
  ])('do not accept a policy that %s', (_name, definition) => {
    expect(judge({}, false, definition)).toContain(customersPolicy);
  });

  test('rank the functions that policies use by how many do, then by name', () => {
    const policies = sound.policies.map((policy, index) =>
      policy.name === 'orders_in_scope' ? { ...policy, functions: [`retail.other_${index}`] } : policy,
    );
    expect(judge({ policies })).toEqual(['fault policy_function: policy orders_in_scope on retail.orders']);
    expect(judge({ policies: policies.map((policy) => ({ ...policy, functions: [] })) })).toContain(
      'fault scope_function_missing: retail',
    );
  });

  test('forgive a child table with policies of its own, and a parent with them', () => {
    const orders = sound.relations.find(({ name }) => name === 'orders')!;
    const child = { ...orders, name: 'orders_2024', parents: ['retail.orders'], rules: [], triggers: [] };
    expect(judge({ relations: [...sound.relations, child] })).toEqual([]);
  });
});
