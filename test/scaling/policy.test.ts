import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideScale, defaultPolicy, type ScalingPolicy, type ScalingSignals } from '../../src/scaling/policy.ts';
import { joinSignals } from '../../src/scaling/signals.ts';

const never = Number.POSITIVE_INFINITY;
const decide = (
  [cpuPercent, memoryPercent, queue]: readonly [number, number, number],
  { current = 5, sinceChangeMs = never, policy = defaultPolicy } = {},
) => decideScale({ signals: { cpuPercent, memoryPercent, queue }, current, sinceChangeMs }, policy);

describe('the truth table', () => {
  const levels = { low: [10, 30, 5], between: [50, 70, 50], high: [90, 95, 500] } as const;
  type Level = keyof typeof levels;
  const all: readonly Level[] = ['low', 'between', 'high'];
  const cases = all.flatMap((cpu) => all.flatMap((memory) => all.map((queue) => [cpu, memory, queue] as const)));

  test.each(cases)('CPU %s, memory %s, queue %s', (cpu, memory, queue) => {
    const states = [cpu, memory, queue];
    const expected = states.includes('high') ? 'up' : states.every((state) => state === 'low') ? 'down' : 'stay';
    expect(decide([levels[cpu][0], levels[memory][1], levels[queue][2]]).direction).toBe(expected);
  });

  test('a queue of 500 and memory of 95 % are a reason for more, however idle the CPU', () => {
    expect(decide([3, 95, 500])).toEqual({
      direction: 'up',
      current: 5,
      desired: 6,
      reasons: ['memory 95 % is above 85 %', 'the queue of 500 is above 100'],
    });
  });

  test.each([
    ['CPU', [80, 30, 5], [81, 30, 5]],
    ['memory', [10, 85, 5], [10, 86, 5]],
    ['the queue', [10, 30, 100], [10, 30, 101]],
  ] as const)('%s at its limit is not above it', (_name, at, above) => {
    expect(decide(at).direction).toBe('stay');
    expect(decide(above).direction).toBe('up');
  });

  test.each([
    ['CPU', [19, 59, 9], [20, 59, 9]],
    ['memory', [19, 59, 9], [19, 60, 9]],
    ['the queue', [19, 59, 9], [19, 59, 10]],
  ] as const)('%s must be below its lower limit for fewer', (_name, below, at) => {
    expect(decide(below)).toMatchObject({
      direction: 'down',
      desired: 4,
      reasons: ['CPU 19 %, memory 59 % and 9 waiting are all low'],
    });
    expect(decide(at)).toMatchObject({ direction: 'stay', reasons: ['no signal is high, and not all are low'] });
  });
});

describe('what is not known', () => {
  test('is not low', () => {
    expect(decideScale({ signals: undefined, current: 5, sinceChangeMs: never }, defaultPolicy)).toEqual({
      direction: 'stay',
      current: 5,
      desired: 5,
      reasons: ['there are no measurements'],
    });
    expect(decide([Number.NaN, 10, 0]).direction).toBe('stay');
  });
});

describe('the bounds', () => {
  test('are kept, and the reason is told', () => {
    expect(decide([90, 30, 5], { current: 20 })).toMatchObject({
      direction: 'stay',
      reasons: ['CPU 90 % is above 80 %', '20 are the most'],
    });
    expect(decide([10, 30, 5], { current: 2 })).toMatchObject({
      direction: 'stay',
      reasons: [expect.any(String), '2 are the least'],
    });
  });

  test('are returned to at once', () => {
    expect(decide([10, 30, 5], { current: 1, sinceChangeMs: 0 })).toMatchObject({ direction: 'up', desired: 2 });
    expect(decide([90, 95, 500], { current: 25, sinceChangeMs: 0 })).toMatchObject({ direction: 'down', desired: 20 });
  });
});

describe('the cooldown', () => {
  test.each([
    ['up', [90, 30, 5], 59_999, 'stay'],
    ['up', [90, 30, 5], 60_000, 'up'],
    ['down', [10, 30, 5], 299_999, 'stay'],
    ['down', [10, 30, 5], 300_000, 'down'],
  ] as const)('%s after %s ms', (_direction, signals, sinceChangeMs, expected) => {
    expect(decide(signals, { sinceChangeMs }).direction).toBe(expected);
  });

  test('of load that flaps between the extremes: at most one change in it', () => {
    const signals = fc.record({ cpuPercent: fc.nat(100), memoryPercent: fc.nat(100), queue: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(signals, { minLength: 120, maxLength: 240 }), (loads) => {
        let current = 5;
        let changedAt = never * -1;
        for (const [round, load] of loads.entries()) {
          const now = round * 15_000;
          const { direction, desired } = decideScale({ signals: load, current, sinceChangeMs: now - changedAt }, defaultPolicy);
          if (direction === 'stay') continue;
          expect(now - changedAt).toBeGreaterThanOrEqual(direction === 'up' ? 60_000 : 300_000);
          changedAt = now;
          current = desired;
          expect(current).toBeGreaterThanOrEqual(2);
          expect(current).toBeLessThanOrEqual(20);
        }
      }),
    );
  });
});

describe('proportional', () => {
  const policy: ScalingPolicy = { ...defaultPolicy, upBy: 'proportional' };
  test.each([
    [[88, 30, 5], 10, 11],
    [[100, 30, 5], 8, 10],
    [[10, 30, 150], 8, 12],
    // Twice as many at the most, and never more than there may be.
    [[10, 30, 5000], 4, 8],
    [[10, 30, 5000], 15, 20],
    // One at the least.
    [[81, 30, 5], 2, 3],
  ] as const)('at %j %i become %i', (signals, current, expected) => {
    expect(decide(signals, { current, policy }).desired).toBe(expected);
  });
});

test('instances together: the mean CPU, the fullest memory, all that wait', () => {
  const one: ScalingSignals = { cpuPercent: 10, memoryPercent: 20, queue: 3 };
  expect(joinSignals([one, { cpuPercent: 90, memoryPercent: 80, queue: 4 }])).toEqual({
    cpuPercent: 50,
    memoryPercent: 80,
    queue: 7,
  });
  expect(joinSignals([])).toBeUndefined();
});
