import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prometheusRules } from '../../src/alerts/prometheus-rules.ts';
import { promqlOf } from '../../src/alerts/promql.ts';
import { alertRules } from '../../src/alerts/rules.ts';

const run = promisify(execFile);
const promtool = '/usr/bin/promtool';
const rules = alertRules({ monthlyBudget: 1000 });

test('what only the server can see is not in the file, and the file says so', () => {
  const text = prometheusRules({ rules });
  for (const { name, condition } of rules) {
    const seen = promqlOf(condition, String) !== undefined;
    expect(text.includes(`- alert: ${name}\n`)).toBe(seen);
  }
  const ownOnly = rules.filter(({ condition }) => promqlOf(condition, String) === undefined).map(({ name }) => name);
  expect(ownOnly).toEqual(expect.arrayContaining(['database_down', 'replica_lost', 'isolation_broken', 'audit_chain']));
  expect(text).toContain(`#   ${ownOnly.join(', ')}\n`);
  expect(text).toContain('#   auth_failures, backup_stale\n');
});

test('a trial run has seconds where the server has minutes, and never less than one', () => {
  const text = prometheusRules({ rules, speedUp: 60 });
  expect(text).toContain('interval: 1s');
  expect(text).toMatch(/alert: high_cpu\n.*\n +for: 10s\n +keep_firing_for: 1s/);
});

/** Series by minute from 0 on, written as promtool wants them. */
type Series = Readonly<Record<string, string>>;
const requests = (errors: string, tokens = '0+0x60'): Series => ({
  'mcp_requests_total{method="tools/call",outcome="answered"}': '0+100x60',
  'errors_total{code="internal"}': errors,
  // Callers' own mistakes, as many as there are requests.
  'errors_total{code="query_rejected"}': '0+100x60',
  'auth_failures_total{step="token"}': tokens,
});
const queries = (seconds: string): Series => ({
  'database_query_duration_seconds_sum{login="reader"}': seconds,
  'database_query_duration_seconds_count{login="reader"}': '0+10x60',
  'database_query_duration_seconds_sum{login="server"}': '0+0x60',
  'database_query_duration_seconds_count{login="server"}': '0+1000x60',
});

/** Rule, severity, its `for` in minutes, a fault, and what is just not one. */
const faults: readonly (readonly [rule: string, severity: string, minutes: number, fault: Series, healthy: Series])[] = [
  ['high_error_rate', 'high', 10, requests('0+6x60'), requests('0+5x60')],
  ['slow_queries', 'medium', 15, queries('0+21x60'), queries('0+20x60')],
  ['high_cpu', 'medium', 10, { system_cpu_usage_percent: '86x60' }, { system_cpu_usage_percent: '85x60' }],
  ['auth_failures', 'high', 5, requests('0+0x60', '0+11x60'), requests('0+0x60', '0+9x60')],
  [
    'breaker_open',
    'high',
    2,
    { 'circuit_breaker_state{dependency="database"}': '2x60' },
    { 'circuit_breaker_state{dependency="database"}': '1x60' },
  ],
  [
    'pool_exhausted',
    'high',
    5,
    { database_connections_waiting: '3x60', database_acquire_p95_seconds: '1.5x60' },
    { database_connections_waiting: '0x60', database_acquire_p95_seconds: '1.5x60' },
  ],
  ['backup_stale', 'critical', 0, { backup_age_seconds: '93601x60' }, { backup_age_seconds: '93600x60' }],
  ['budget', 'low', 0, { estimated_cost_monthly: '801x60' }, { estimated_cost_monthly: '800x60' }],
  ['budget', 'high', 0, { estimated_cost_monthly: '1001x60' }, { estimated_cost_monthly: '1000x60' }],
];

test('every rule of the file is tried out below', () => {
  const written = rules.filter(({ condition }) => promqlOf(condition, String) !== undefined);
  expect(faults.map(([rule, severity]) => `${rule} ${severity}`)).toEqual(
    written.map(({ name, severity }) => `${name} ${severity}`),
  );
});

describe.runIf(existsSync(promtool) || process.env.CI === 'true')('promtool', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zava-rules-'));
    await writeFile(join(folder, 'rules.yml'), prometheusRules({ rules }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('takes the file', async () => {
    const { stdout } = await run(promtool, ['check', 'rules', '--lint-fatal', join(folder, 'rules.yml')]);
    expect(stdout).toMatch(`SUCCESS: ${faults.length} rules found`);
  });

  test('sees every rule fire under its fault, not before its time, and not under less', async () => {
    const summaries = new Map(rules.map(({ name, severity, summary, action }) => [`${name} ${severity}`, { summary, action }]));
    const seriesOf = (series: Series) => Object.entries(series).map(([name, values]) => ({ series: name, values }));
    const labelsOf = (severity: string, series: Series) => ({
      severity,
      ...(Object.keys(series).some((name) => name.includes('dependency=')) && { dependency: 'database' }),
    });
    const firing = (rule: string, severity: string, fault: Series, evalTime: string, fires: boolean) => ({
      eval_time: evalTime,
      alertname: rule,
      exp_alerts: fires ? [{ exp_labels: labelsOf(severity, fault), exp_annotations: summaries.get(`${rule} ${severity}`) }] : [],
    });
    const tests = faults.flatMap(([rule, severity, minutes, fault, healthy]) => {
      // Two severities of one rule fire together: only the graver is looked for in its own test.
      const lower =
        rule === 'budget' && severity === 'high'
          ? [{ exp_labels: { severity: 'low' }, exp_annotations: summaries.get('budget low') }]
          : [];
      const at = firing(rule, severity, fault, '45m', true);
      return [
        {
          interval: '1m',
          input_series: seriesOf(fault),
          alert_rule_test: [
            ...(minutes === 0 ? [] : [firing(rule, severity, fault, `${minutes - 1}m`, false)]),
            { ...at, exp_alerts: [...at.exp_alerts, ...lower] },
          ],
        },
        ...(rule === 'budget' && severity === 'high'
          ? []
          : [
              {
                interval: '1m',
                input_series: seriesOf(healthy),
                alert_rule_test: [firing(rule, severity, healthy, '45m', false)],
              },
            ]),
      ];
    });
    // JSON is YAML.
    const file = join(folder, 'tests.json');
    await writeFile(file, JSON.stringify({ rule_files: ['rules.yml'], evaluation_interval: '15s', tests }));
    const { stdout } = await run(promtool, ['test', 'rules', file]);
    expect(stdout).toContain('SUCCESS');
  });
});
