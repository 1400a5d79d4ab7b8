import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { catalogueOf, loadServedSchema } from '../../src/app/load-schema.ts';
import { retailSchema } from '../../src/app/served-schema.ts';

const library = fileURLToPath(new URL('../../examples/second-schema', import.meta.url));
let schemaDir: string;
beforeEach(async () => {
  schemaDir = await mkdtemp(join(tmpdir(), 'schema-'));
  await cp(library, schemaDir, { recursive: true });
});
afterEach(() => rm(schemaDir, { recursive: true }));

const scripts = async (served: Awaited<ReturnType<typeof loadServedSchema>>) => {
  const ran: string[] = [];
  await served.seed({ script: async (text: string) => void ran.push(text) } as never);
  return ran;
};

test('without SCHEMA_DIR retail is served', async () => {
  expect(await loadServedSchema({ schemaDir: undefined })).toBe(retailSchema);
});

test('a folder gives the definition, the migrations and the sample data, which may be absent', async () => {
  const served = await loadServedSchema({ schemaDir });
  expect(served.definition).toMatchObject({
    schema: 'library',
    useScopeFunction: 'library.use_scope',
    tenantDirectoryFunction: 'library.tenant_directory',
  });
  expect(fileURLToPath(served.migrations)).toBe(join(schemaDir, 'migrations/'));
  expect(await scripts(served)).toEqual([expect.stringContaining('INSERT INTO library.loans')]);
  await rm(join(schemaDir, 'sample-data.sql'));
  expect(await scripts(await loadServedSchema({ schemaDir }))).toEqual([]);
});

test('what searches goods says that it has none', async () => {
  const served = await loadServedSchema({ schemaDir });
  expect(() => catalogueOf(served)).toThrow('has no catalogue of goods');
  expect(catalogueOf(retailSchema)).toBe(retailSchema.catalogue);
});

test.each([
  ['a path that depends on where the server starts', () => 'examples/second-schema', 'must be an absolute path'],
  ['a folder that is not there', () => join(schemaDir, 'none'), 'names no folder'],
  ['a folder without a definition', () => join(schemaDir, 'migrations'), 'holds no schema.json and no migrations'],
])('the start is refused by %s', async (_what, path, message) => {
  await expect(loadServedSchema({ schemaDir: path() })).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining(message),
  });
});

test('the start is refused where others could say who sees what', async () => {
  await chmod(join(schemaDir, 'schema.json'), 0o666);
  await expect(loadServedSchema({ schemaDir })).rejects.toThrow('schema.json may be written by everybody');
});

test('the start is refused by a definition with a fault, and the message names its place', async () => {
  await writeFile(join(schemaDir, 'schema.json'), '{"schema": "a.b; DROP"}');
  await expect(loadServedSchema({ schemaDir })).rejects.toThrow(
    /schema\.json: schema: .*lower-case.*; schema\.json: relations: /,
  );
});
