import { expect, test } from 'vitest';
import { parseCron } from '../../src/schedule/cron.ts';

const at = (text: string) => Date.parse(`${text}Z`);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

test('times are UTC, whatever the zone of the machine', () => {
  const zone = process.env.TZ;
  process.env.TZ = 'America/Los_Angeles';
  try {
    const daily = parseCron('0 2 * * *');
    // Summer time began there between these two.
    expect(iso(daily.latest(at('2026-03-08T12:00')))).toBe('2026-03-08T02:00');
    expect(iso(daily.next(at('2026-03-08T12:00')))).toBe('2026-03-09T02:00');
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test('a time is reached at its first millisecond, and not before', () => {
  const hourly = parseCron('15 * * * *');
  expect(iso(hourly.latest(at('2026-11-22T10:15:00.000')))).toBe('2026-11-22T10:15');
  expect(iso(hourly.latest(at('2026-11-22T10:14:59.999')))).toBe('2026-11-22T09:15');
  expect(iso(hourly.next(at('2026-11-22T10:15:00.000')))).toBe('2026-11-22T11:15');
});

test('Sunday is Sunday', () => {
  expect(iso(parseCron('30 2 * * 0').next(at('2026-11-23T00:00')))).toBe('2026-11-29T02:30');
});

test.each(['* * *', '0 2 * * * *', '0 2 31 2 *', '61 * * * *', 'soon'])('%s is refused', (expression) => {
  expect(() => parseCron(expression)).toThrow();
});
