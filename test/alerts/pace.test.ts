import { expect, test } from 'vitest';
import { pacedRules, silentMs, usualPace } from '../../src/alerts/pace.ts';
import { alertRules } from '../../src/alerts/rules.ts';

const rules = alertRules({ monthlyBudget: 1000 });

test('at the usual pace the rules are as they stand in the table', () => {
  expect(pacedRules(rules, usualPace)).toBe(rules);
  expect(silentMs(usualPace)).toBe(45_000);
});

test('a trial run waits and looks back a sixtieth as long, and compares with the same', () => {
  const fast = pacedRules(rules, { speedUp: 60 });
  expect(fast.map(({ name }) => name)).toEqual(rules.map(({ name }) => name));
  expect(fast.map(({ forMs }) => forMs * 60)).toEqual(rules.map(({ forMs }) => forMs));
  // Nothing but lengths of time differs: multiplied back, the tables are one.
  const lengthened = JSON.parse(JSON.stringify(fast), (key, value) =>
    key === 'forMs' || key === 'windowMs' ? Math.round(value * 60) : value,
  );
  expect(lengthened).toEqual(JSON.parse(JSON.stringify(rules)));
  expect(fast.find(({ name }) => name === 'slow_queries')?.condition).toMatchObject({ term: { windowMs: 5000 }, than: 2 });
  expect(silentMs({ everyMs: 1000, speedUp: 60 })).toBe(15_000);
});
