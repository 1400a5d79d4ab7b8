import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { findPackageRoot, packageRoot } from '../../src/core/package-root.ts';

test('the package of these sources is the one they are in', () => {
  expect(packageRoot.href).toBe(new URL('../../', import.meta.url).href);
});

test('the nearest package counts, and a file that is in none is told of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'package-root-'));
  const file = pathToFileURL(join(folder, 'dist/parts/chunk.js')).href;
  expect(() => findPackageRoot(file)).toThrow('There is no package.json above dist/');
  await writeFile(join(folder, 'package.json'), '{}');
  expect(findPackageRoot(file).href).toBe(pathToFileURL(`${folder}/`).href);
  await rm(folder, { recursive: true });
});
