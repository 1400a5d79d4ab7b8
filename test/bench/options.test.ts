import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { parseOptions } from '../../bench/options.mjs';

test('without options three rounds of four seconds at three concurrencies', () => {
  expect(parseOptions([])).toMatchObject({ seconds: 4, rounds: 3, concurrency: [1, 16, 64], coldStarts: 5, store: 'Seattle' });
});

test('quick is short, unless something else is asked for', () => {
  expect(parseOptions(['--quick'])).toMatchObject({ seconds: 1, rounds: 1, concurrency: [16], coldStarts: 1 });
  const args = ['--quick', '--seconds', '0.5', '--concurrency', '1,64', '--cold-starts', '0', '--servers', 'toolbox,pgbench'];
  expect(parseOptions(args)).toMatchObject({
    seconds: 0.5,
    concurrency: [1, 64],
    coldStarts: 0,
    servers: ['toolbox', 'pgbench'],
  });
});

test.each([
  ['--seconds', '0'],
  ['--rounds', 'many'],
  ['--concurrency', '1,x'],
  ['--speed', '9'],
])('%s %s is refused in words', (...args) => {
  expect(() => parseOptions(args)).toThrow(args[0]);
});
