import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { runVerb } from './command-line.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

test('a test notice goes to every channel that is set, and each says how it went', async () => {
  const { code, stdout, stderr } = await runVerb(['alerts', 'test'], {
    ALERT_WEBHOOK_URL: `${receiver.url}/hook`,
    SLACK_WEBHOOK_URL: `${receiver.url}/slack`,
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'log: sent\nwebhook: sent\nslack: sent\n' });
  expect(stderr).toContain('"event":"alert_told","state":"test"');
  expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/hook', '/slack']);
});

test('one that fails is named, with the reason and without its address', async () => {
  receiver.mode.status = 404;
  const { code, stdout } = await runVerb(['alerts', 'test', '--channel', 'slack'], {
    SLACK_WEBHOOK_URL: `${receiver.url}/services/only-for-tests`,
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'slack: FAILED: slack answered 404\n' });
});

test('one that is not set is refused, and those that are set are named', async () => {
  const { code, stderr } = await runVerb(['alerts', 'test', '--channel', 'teams'], {});
  expect(code).not.toBe(0);
  expect(stderr).toContain('The channel teams is not configured');
  expect(stderr).toContain('Configured: log.');
});

test('the rules in effect are listed, with the budget where there is one', async () => {
  const { stdout } = await runVerb(['alerts', 'rules'], {});
  expect(stdout).toContain('high_cpu (medium, for 10 min)\n  system_cpu_usage_percent > 85\n');
  expect(stdout).not.toContain('budget');
  const json = JSON.parse((await runVerb(['alerts', 'rules', '--json'], { MONTHLY_BUDGET: '500' })).stdout) as { name: string }[];
  expect(json.filter(({ name }) => name === 'budget')).toMatchObject([
    { severity: 'low', condition: 'estimated_cost_monthly / 500 > 0.8' },
    { severity: 'high', condition: 'estimated_cost_monthly / 500 > 1' },
  ]);
});

test('what Prometheus and Grafana need is printed as it is shipped', async () => {
  const shipped = (path: string) => readFile(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');
  expect((await runVerb(['alerts', 'prometheus'], {})).stdout).toBe(await shipped('prometheus/zava-alerts.yml'));
  expect((await runVerb(['alerts', 'grafana'], {})).stdout).toBe(await shipped('grafana/zava-dashboard.json'));
});
