import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { renderBars } from '../../bench/load/bar-plot.mjs';
// @ts-expect-error plain JavaScript, without types
import { digestOf } from '../../bench/load/checks.mjs';
// @ts-expect-error plain JavaScript, without types
import { judgeAnswer } from '../../bench/load/mixed-calls.mjs';
// @ts-expect-error plain JavaScript, without types
import { slopeOf } from '../../bench/load/paced.mjs';
// @ts-expect-error plain JavaScript, without types
import { tenfoldScopes } from '../../bench/load/scaled-installation.mjs';
// @ts-expect-error plain JavaScript, without types
import { soakFaults } from '../../bench/load/soak-verdict.mjs';

const tenant = { ids: [1], names: ['Zava Retail Seattle'] };
const call = { digest: digestOf([['7', '1']]) };
const answer = (structuredContent: object) => Buffer.from(JSON.stringify({ result: { content: [], structuredContent } }));
const columns = [{ name: 'order_id' }, { name: 'store_id' }];

test('the slope of a line is that of least squares', () => {
  expect(slopeOf([0, 1, 2, 3].map((x) => ({ x, y: 5 + 2 * x })))).toBeCloseTo(2);
  expect(slopeOf([1, 3, 2].map((y, x) => ({ x, y })))).toBeCloseTo(0.5);
  expect(slopeOf([{ x: 1, y: 1 }])).toBeNaN();
});

test('a soak fails for one wrong answer, one foreign row, one connection, a crash, or memory that grows and grows', () => {
  const flat = [200, 190, 210, 205, 195, 220].map((y) => ({ y }));
  const good = { load: { calls: 1000, errors: 0, foreign: 0 }, memory: flat, connectionsLeft: 0, exitCode: 0 };
  expect(soakFaults(good)).toEqual([]);
  const load = (more: object) => ({ load: { ...good.load, ...more } });
  expect(
    [
      load({ calls: 0 }),
      load({ errors: 1 }),
      load({ foreign: 1 }),
      { connectionsLeft: 1 },
      { exitCode: null },
      { memory: [200, 220, 240, 260, 300, 340].map((y) => ({ y })) },
      { memory: [] },
    ].map((more) => soakFaults({ ...good, ...more })),
  ).toEqual([
    ['no call was answered'],
    ['1 of 1000 calls failed'],
    ['1 answers held rows of another tenant'],
    ['1 connections were left'],
    ['the server ended with null'],
    ['resident memory grew by 36 % from the first half to the second'],
    ['resident memory grew by NaN % from the first half to the second'],
  ]);
});

test('an answer is judged by every value in it, and by whose rows they are', () => {
  const right = { columns, rows: [[7, 1]], scope: tenant.names, cached: true };
  expect(judgeAnswer(tenant, call, 200, answer(right))).toEqual({ foreign: false, cached: true });
  const wrong = answer({ ...right, rows: [[8, 1]] });
  expect(judgeAnswer(tenant, call, 200, wrong)).toMatchObject({ foreign: false, fault: 'other values' });
  expect(judgeAnswer(tenant, call, 200, answer({ ...right, rows: [[7, 2]] }))).toMatchObject({ foreign: true });
  expect(judgeAnswer(tenant, call, 200, answer({ ...right, scope: ['Zava Retail Online'] }))).toMatchObject({ foreign: true });
});

test('a failure is told by its code, from a tool or from before it', () => {
  const isError = { isError: true, content: [{ text: '{"code":"circuit_open"}' }] };
  const tool = Buffer.from(JSON.stringify({ result: isError }));
  const refusal = Buffer.from(JSON.stringify({ error: { code: -32000, data: { code: 'overloaded' } } }));
  expect(judgeAnswer(tenant, call, 200, tool)).toMatchObject({ code: 'circuit_open' });
  expect(judgeAnswer(tenant, call, 503, refusal)).toMatchObject({ code: 'overloaded' });
  expect(judgeAnswer(tenant, call, 502, Buffer.from('<html>'))).toMatchObject({ code: 'unreadable' });
});

test('ten times as many scopes are all different', () => {
  const stores = Array.from({ length: 8 }, (_, index) => ({
    ids: [index + 1],
    names: [`store ${index}`],
    keys: [`key ${index}`],
  }));
  const scopes: { ids: number[] }[] = tenfoldScopes(stores);
  expect(new Set(scopes.map(({ ids }) => ids.join())).size).toBe(80);
  expect(scopes.slice(0, 9).map(({ ids }) => ids)).toEqual([[1], [2], [3], [4], [5], [6], [7], [8], [1, 2]]);
});

test('bars of one unit share a scale that starts at nothing', () => {
  const svg: string = renderBars([
    { group: 'rows', label: 'a < b', value: 10, unit: 'ms' },
    { group: 'rows', label: 'c', value: 5, unit: 'ms' },
    { group: 'more', label: 'd', value: 2000, unit: 'calls/s' },
  ]);
  const lengths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, length]) => Number(length));
  expect(lengths).toEqual([310, 155, 310]);
  expect(svg).toContain('a &lt; b');
  expect(svg.match(/font-weight="bold"/g)).toHaveLength(2);
});
