import { describe, expect, test } from 'vitest';
import { judge } from '../../src/alerts/condition.ts';
import { alertRules } from '../../src/alerts/rules.ts';
import { changed, type Figures, factsOf, healthy, one, readingsOf, watched } from './fakes.ts';

const rules = alertRules({ monthlyBudget: 1000 });
const verdicts = (figures: Figures) =>
  rules
    .filter(({ condition }) => judge(condition, readingsOf(figures), factsOf(figures)).holds.length > 0)
    .map(({ name, severity }) => `${name} ${severity}`);

/** What makes each rule fire, and what is just not enough. */
const induced: readonly (readonly [rule: string, minutes: number, enough: Figures, notQuite: Figures])[] = [
  ['database_down critical', 5, { facts: { database_unhealthy: one(1) } }, { facts: { database_unhealthy: one(0) } }],
  ['high_error_rate high', 10, { growth: { errors_total: 51 } }, { growth: { errors_total: 50 } }],
  [
    'high_error_rate high',
    10,
    { growth: { errors_total: 10, mcp_requests_total: 20 } },
    { growth: { errors_total: 10, mcp_requests_total: 19 } },
  ],
  [
    'slow_queries medium',
    15,
    { means: { database_query_duration_seconds: 2.1 } },
    { means: { database_query_duration_seconds: 2 } },
  ],
  ['high_cpu medium', 10, { gauges: { system_cpu_usage_percent: 86 } }, { gauges: { system_cpu_usage_percent: 85 } }],
  ['high_memory high', 5, { facts: { memory_share: one(0.91) } }, { facts: { memory_share: one(0.9) } }],
  ['auth_failures high', 5, { growth: { auth_failures_total: 101 } }, { growth: { auth_failures_total: 100 } }],
  [
    'auth_failures high',
    5,
    { growth: { auth_failures_total: 5, mcp_requests_total: 5 } },
    { growth: { auth_failures_total: 4, mcp_requests_total: 5 } },
  ],
  [
    'auth_failures high',
    5,
    { facts: { failures_of_one_caller: one(5, { caller: 'address 10.0.0.9' }) } },
    { facts: { failures_of_one_caller: one(4, { caller: 'address 10.0.0.9' }) } },
  ],
  [
    'suspicious_access high',
    0,
    { facts: { addresses_of_one_subject: one(4, { subject: 'jane' }) } },
    { facts: { addresses_of_one_subject: one(3, { subject: 'jane' }) } },
  ],
  [
    'suspicious_access high',
    0,
    { facts: { refused_tenants_of_one_subject: one(3, { subject: 'jane' }) } },
    { facts: { refused_tenants_of_one_subject: one(2, { subject: 'jane' }) } },
  ],
  [
    'query_flood medium',
    0,
    { facts: { queries_of_one_subject: one(6001, { subject: 'jane' }) } },
    { facts: { queries_of_one_subject: one(6000, { subject: 'jane' }) } },
  ],
  [
    'breaker_open high',
    2,
    { labelled: [{ name: 'circuit_breaker_state', labels: { dependency: 'database' }, value: 2 }] },
    { labelled: [{ name: 'circuit_breaker_state', labels: { dependency: 'database' }, value: 1 }] },
  ],
  [
    'pool_exhausted high',
    5,
    { gauges: { database_connections_waiting: 1, database_acquire_p95_seconds: 1.1 } },
    { gauges: { database_connections_waiting: 0, database_acquire_p95_seconds: 1.1 } },
  ],
  ['backup_stale critical', 0, { gauges: { backup_age_seconds: 26 * 3600 + 1 } }, { gauges: { backup_age_seconds: 26 * 3600 } }],
  ['backup_stale critical', 0, { facts: { restore_test_failed: one(1) } }, { facts: { restore_test_failed: one(0) } }],
  [
    'database_slow high',
    5,
    { facts: { database_response_seconds: one(0.51) } },
    { facts: { database_response_seconds: one(0.5) } },
  ],
  ['read_replica_down high', 2, { facts: { read_replicas_away: one(1) } }, { facts: { read_replicas_away: one(0) } }],
  ['redis_down high', 2, { facts: { redis_away: one(1) } }, { facts: { redis_away: one(0) } }],
  ['embedder_down high', 5, { facts: { embedder_away: one(1) } }, { facts: { embedder_away: one(0) } }],
  ['replica_lost high', 1, { facts: { servers_lost: one(1) } }, { facts: { servers_lost: one(0) } }],
  [
    'component_unhealthy high',
    5,
    { facts: { component_unhealthy: one(1, { component: 'system' }) } },
    { facts: { component_unhealthy: [] } },
  ],
  ['clock_skew high', 1, { facts: { clock_skew_seconds: one(10.1) } }, { facts: { clock_skew_seconds: one(10) } }],
  ['backup_failed high', 0, { facts: { backup_failed: one(1) } }, { facts: { backup_failed: one(0) } }],
  ['isolation_broken critical', 0, { facts: { isolation_broken: one(2) } }, { facts: { isolation_broken: one(0) } }],
  ['audit_chain critical', 0, { facts: { audit_chain_broken: one(1) } }, { facts: { audit_chain_broken: one(0) } }],
  ['budget low', 0, { gauges: { estimated_cost_monthly: 801 } }, { gauges: { estimated_cost_monthly: 800 } }],
  ['budget high', 0, { gauges: { estimated_cost_monthly: 1001 } }, { gauges: { estimated_cost_monthly: 1000 } }],
];

test('a server in good order is quiet, and every rule knows that it is', () => {
  expect(verdicts(healthy)).toEqual([]);
  const known = rules.map(({ condition }) => judge(condition, readingsOf(healthy), factsOf(healthy)).known);
  expect(known).not.toContain(false);
});

test('every rule has a fault in the table below', () => {
  const names = new Set(induced.map(([rule]) => rule));
  expect(rules.map(({ name, severity }) => `${name} ${severity}`).filter((rule) => !names.has(rule))).toEqual([]);
});

describe.each(induced)('%s, after %i min', (rule, minutes, enough, notQuite) => {
  test('fires under its fault, as long as it lasts, and not under less', async () => {
    expect(verdicts(changed(enough))).toContain(rule);
    expect(verdicts(changed(notQuite))).not.toContain(rule);
    const { manager, set, pass, clock } = watched();
    const stateOf = () => {
      const found = manager.status().find((status) => `${status.rule} ${status.severity}` === rule);
      return found?.state;
    };
    set(changed(enough));
    await pass(minutes * 60_000);
    if (minutes > 0) expect(stateOf()).toBe('pending');
    await manager.evaluate();
    expect(stateOf()).toBe('firing');
    clock.advance(15_000);
    set(healthy);
    await pass(30_000);
    expect(stateOf()).toBe('quiet');
  });
});

test('without a budget nothing is compared with the estimate', () => {
  expect(alertRules().some(({ name }) => name === 'budget')).toBe(false);
  expect(alertRules({ monthlyBudget: 0 }).some(({ name }) => name === 'budget')).toBe(false);
});

test('each rule says what it means and what to do', () => {
  for (const { summary, action } of rules)
    expect([summary, action]).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
});
