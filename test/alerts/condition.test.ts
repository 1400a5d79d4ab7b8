import { describe, expect, test } from 'vitest';
import { above, all, any, fact, gauge, increase, judge, mean, share } from '../../src/alerts/condition.ts';
import { type Figures, factsOf, one, readingsOf } from './fakes.ts';

const judged = (condition: Parameters<typeof judge>[0], figures: Figures) =>
  judge(condition, readingsOf(figures), factsOf(figures));
const yes = above(fact('memory_share'), 0);
const no = above(fact('database_unhealthy'), 0);
const missing = above(gauge('nobody_counts_this'), 0);
const figures: Figures = { facts: { memory_share: one(1), database_unhealthy: one(0) } };

describe('what is missing is unknown, and neither true nor false', () => {
  test.each([
    ['a gauge', missing],
    ['a mean of a histogram that was never observed', above(mean('nobody', 1000), 0)],
    ['a share of it', above(share(gauge('nobody'), 10), 0)],
    ['a share by it', above(share(increase('errors_total', 1000), gauge('nobody')), 0)],
    ['a fact that could not be found out', above(fact('isolation_broken'), 0)],
  ])('%s', (_what, condition) => {
    expect(judged(condition, { facts: { isolation_broken: undefined } })).toEqual({ holds: [], known: false });
  });

  test('a counter that never counted, and a mean of no observations lately, are known to be nothing', () => {
    expect(judged(above(increase('errors_total', 1000), 0), {})).toEqual({ holds: [], known: true });
    const quiet = { labelled: [{ name: 'seconds', labels: {}, value: 7 }] };
    expect(judged(above(mean('seconds', 1000), 0), quiet)).toEqual({ holds: [], known: true });
  });

  test('nothing divided by nothing is above nothing', () => {
    const none = share(increase('errors_total', 1000), increase('mcp_requests_total', 1000));
    expect(judged(above(none, 0), {})).toEqual({ holds: [], known: true });
  });
});

describe('conditions together', () => {
  test.each([
    ['all: yes and no', all(yes, no), false, true],
    ['all: yes and yes', all(yes, yes), true, true],
    ['all: no and unknown is no', all(missing, no), false, true],
    ['all: yes and unknown is unknown', all(yes, missing), false, false],
    ['any: no and no', any(no, no), false, true],
    ['any: yes and unknown holds', any(yes, missing), true, false],
    ['any: no and unknown is unknown', any(no, missing), false, false],
  ])('%s', (_what, condition, holds, known) => {
    const verdict = judged(condition, figures);
    expect([verdict.holds.length > 0, verdict.known]).toEqual([holds, known]);
  });

  test('each series has an alert of its own, by the label that the rule names', () => {
    const breakers = [
      { name: 'state', labels: { dependency: 'database', other: 'x' }, value: 2 },
      { name: 'state', labels: { dependency: 'redis', other: 'x' }, value: 0 },
      { name: 'state', labels: {}, value: 2 },
    ];
    const { holds } = judged(above(gauge('state', 'dependency'), 1), { labelled: breakers });
    expect(holds.map(({ labels }) => labels)).toEqual([{ dependency: 'database' }, { dependency: '' }]);
    expect(judged(above(gauge('state'), 1), { labelled: breakers }).holds).toEqual([{ labels: {}, value: 2 }]);
  });
});
