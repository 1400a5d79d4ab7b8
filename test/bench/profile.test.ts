import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { topSelfTimes } from '../../bench/profile.mjs';
// @ts-expect-error plain JavaScript, without types
import { bundled } from '../../tools/bundle.mjs';

const node = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url, lineNumber: 9 } });
const profile = {
  nodes: [
    node(1, '(root)', ''),
    node(2, '(idle)', ''),
    node(3, 'parse', 'file:///srv/node_modules/zod/v4/core.js'),
    node(4, '', 'file:///srv/src/query/guard.ts'),
    node(5, 'parse', 'file:///srv/node_modules/zod/v4/core.js'),
    node(6, 'load', 'node:internal/modules'),
    node(7, 'verify', 'file:///srv/node_modules/@scope/tool/index.js'),
  ],
  samples: [6, 3, 2, 4, 5, 3, 7],
  timeDeltas: [50_000, 1000, 90_000, 2000, 3000, 1000, 1000],
};

test('functions are told by the time in themselves, without the start and without idling', () => {
  const [first, second] = topSelfTimes(profile, { by: 'function', most: 2, fromMs: 50.5 });
  expect(first).toEqual({ name: 'parse  zod/v4/core.js:10', ms: 5, share: 5 / 8 });
  expect(second).toEqual({ name: '(anonymous)  src/query/guard.ts:10', ms: 2, share: 2 / 8 });
});

test('the same by package', () => {
  const names = topSelfTimes(profile, { by: 'package', most: 9 }).map(({ name }: { name: string }) => name);
  expect(names).toEqual(['node:*', 'zod', 'src/query', '@scope/tool']);
});

test('what is built is told by its sources', async () => {
  const file = await bundled('src/core/sql-literal.ts');
  const lines = readFileSync(file, 'utf8').split('\n');
  const lineNumber = lines.findIndex((line) => line.startsWith('function '));
  const callFrame = { functionName: 'f', url: pathToFileURL(file).href, lineNumber, columnNumber: 'function '.length };
  const [only] = topSelfTimes({ nodes: [{ id: 1, callFrame }], samples: [1], timeDeltas: [1000] }, { by: 'function', most: 1 });
  expect(only.name).toMatch(/^f {2}src\/core\/sql-literal\.ts:\d+$/);
});
