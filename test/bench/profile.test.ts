import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { topSelfTimes } from '../../bench/profile.mjs';

const node = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url, lineNumber: 9 } });
const profile = {
  nodes: [
    node(1, '(root)', ''),
    node(2, '(idle)', ''),
    node(3, 'parse', 'file:///srv/node_modules/zod/v4/core.js'),
    node(4, '', 'file:///srv/dist/query/guard.js'),
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
  expect(second).toEqual({ name: '(anonymous)  dist/query/guard.js:10', ms: 2, share: 2 / 8 });
});

test('the same by package', () => {
  const names = topSelfTimes(profile, { by: 'package', most: 9 }).map(({ name }: { name: string }) => name);
  expect(names).toEqual(['node:*', 'zod', 'dist/query', '@scope/tool']);
});
