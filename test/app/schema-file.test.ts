import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseSchemaFile } from '../../src/app/schema-file.ts';

const written = readFileSync(new URL('../../examples/second-schema/schema.json', import.meta.url), 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: what somebody wrote is any JSON
type Json = any;

/** The library's definition with a change. */
function withChange(change: (file: Json) => void) {
  const file = JSON.parse(written);
  change(file);
  return parseSchemaFile(JSON.stringify(file));
}
const relation = (file: Json, name: string) => file.relations.find((each: Json) => each.name === name);

test('rows are said to be shared or a tenant’s, and the rest has defaults', () => {
  const parsed = parseSchemaFile(written);
  if ('faults' in parsed) throw new Error(parsed.faults.join());
  const { relations, permissions } = parsed.definition;
  expect(relations.find(({ name }) => name === 'titles')).toEqual({
    name: 'titles',
    purpose: expect.any(String),
    columns: [
      { name: 'title_id', type: 'int4', nullable: false, label: 'internal' },
      { name: 'title', type: 'text', nullable: false },
      { name: 'author', type: 'text', nullable: false },
    ],
    primaryKey: ['title_id'],
    ...{ uniqueKeys: [], relationships: [], hints: [], policyReads: [], tenantScoped: false },
  });
  expect(relations.find(({ name }) => name === 'loans')).toMatchObject({ tenantScoped: true, tenantColumn: 'branch_id' });
  expect(permissions).toEqual(['catalog:read', 'sales:read', 'customers:pii', 'ops:read']);
});

test.each<[string, (file: Json) => void, string]>([
  ['a relation that does not say whose its rows are', (file) => delete relation(file, 'loans').rows, 'relations.4.rows: '],
  ['a name that would be more than a name', (file) => (relation(file, 'loans').name = 'loans; --'), 'relations.4.name: '],
  ['a word that means nothing', (file) => (file.relation = []), 'the file: '],
  ['a misspelt label', (file) => (relation(file, 'titles').columns[1].label = 'secret'), 'relations.2.columns.1.label: '],
  ['a tool without its text', (file) => delete file.wording.toolTexts.explain_access, 'wording.toolTexts.explain_access: '],
  ['two relations of one name', (file) => (relation(file, 'loans').name = 'titles'), 'relations: titles is there twice'],
  [
    'a key that is no column',
    (file) => (relation(file, 'titles').primaryKey = ['isbn']),
    'titles.primaryKey: titles has no isbn',
  ],
  [
    'a tenant column that is none',
    (file) => (relation(file, 'loans').rows.tenantColumn = 'branch'),
    'loans.rows: loans has no branch',
  ],
  [
    'a relationship to nowhere',
    (file) => (relation(file, 'branches').relationships[0].references = 'cities'),
    'branches.relationships: cities has no district_id',
  ],
  [
    'a policy that reads nothing',
    (file) => (relation(file, 'loans').policyReads = ['x']),
    'loans.policyReads: there is no relation x',
  ],
  [
    'a column that no login may read',
    (file) => (relation(file, 'members').columns[3].readableWith = 'costs:read'),
    'members.email: no reader login has costs:read',
  ],
  ['no login for those without permissions', (file) => file.readerRoles.shift(), 'readerRoles: one login without permissions'],
  [
    'a login that no caller comes to',
    (file) => (file.callerRoles[0].permissions = ['sales:read']),
    'readerRoles: no role of callers has customers:pii',
  ],
  ['values of no relation', (file) => (file.validValues[0].relation = 'shops'), 'validValues: there is no relation shops'],
])('refuses %s', (_what, change, fault) => {
  const parsed = withChange(change);
  expect('faults' in parsed ? parsed.faults.join('\n') : 'taken').toContain(fault);
});

test('refuses what is no JSON', () => {
  expect(parseSchemaFile('{')).toEqual({ faults: [expect.stringMatching(/^is no JSON: /)] });
});
