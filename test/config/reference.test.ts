import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { envExample, referencePage } from '../../src/config/describe.ts';
import { loadConfig } from '../../src/config/load.ts';
import { settingEntries } from '../../src/config/schema.ts';

const root = new URL('../../', import.meta.url);

test.each([
  ['.env.example', envExample],
  ['docs/reference/settings.md', referencePage],
])('%s says what the table of settings says', async (path, generate) => {
  const file = fileURLToPath(new URL(path, root));
  if (process.env.UPDATE_REFERENCE === '1') {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, generate());
  }
  expect(await readFile(file, 'utf8')).toBe(generate());
});

test('the reference names every setting and alias', () => {
  const page = referencePage();
  const names = settingEntries.flatMap(([, row]) => [row.env, ...row.aliases]);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('the example with every line uncommented changes nothing', () => {
  const lines = envExample().matchAll(/^#([A-Z_]+)=(.*)$/gm);
  const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
  expect(Object.keys(env)).toHaveLength(settingEntries.length);
  const { sources: _ours, ...fromExample } = loadConfig({}, env);
  const { sources: _none, ...defaults } = loadConfig({}, {});
  expect(fromExample).toEqual(defaults);
});
