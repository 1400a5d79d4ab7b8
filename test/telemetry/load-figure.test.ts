import { expect, test } from 'vitest';
import { createMinuteMean, type LoadInputs, loadOf } from '../../src/telemetry/load-figure.ts';
import { handClock } from '../support/hand-clock.ts';

const idle: LoadInputs = {
  ...{ connectionsInUse: 0, connectionsMax: 8, acquireP95Ms: 1, acquireTimeoutMs: 5000 },
  ...{ cpuShare: 0.02, loopUtilisation: 0.03 },
};

test('an idle server is under 0.1', () => {
  expect(loadOf(idle)).toBeLessThan(0.1);
});

test.each([
  ['connections', { connectionsInUse: 8 }],
  ['the wait for them', { acquireP95Ms: 5000 }],
  ['CPU', { cpuShare: 1 }],
  ['event loop', { loopUtilisation: 0.99 }],
] as const)('saturating one input alone, %s, pushes it over 0.9', (_what, change) => {
  expect(loadOf({ ...idle, ...change })).toBeGreaterThan(0.9);
});

test('it is never more than 1, and a pool without connections says nothing', () => {
  expect(loadOf({ ...idle, cpuShare: 3 })).toBe(1);
  expect(loadOf({ ...idle, connectionsMax: 0, acquireTimeoutMs: 0, acquireP95Ms: 0 })).toBeLessThan(0.1);
});

test('it is smoothed over a minute: a peak hardly moves it, a minute of it does', () => {
  const clock = handClock();
  const mean = createMinuteMean({ clock });
  expect(mean.value()).toBe(0);
  const pass = (load: number, samples: number) => {
    for (let sample = 0; sample < samples; sample += 1) {
      clock.advance(5000);
      mean.note(load);
    }
  };
  pass(0, 12);
  pass(1, 1);
  expect(mean.value()).toBeLessThan(0.1);
  pass(1, 11);
  expect(mean.value()).toBe(1);
});
