import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FactName } from '../../../src/alerts/readings.ts';
import { alertChannels, startAlerting } from '../../../src/app/alerting/alerting.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { createLogSink } from '../../../src/telemetry/log-sink.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { secretForms } from '../../support/secrets.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const noDatabase = { query: async () => Promise.reject(new Error('connection refused')) };
const noMetrics = { all: () => [], increase: () => 0, mean: () => undefined };
const addresses = () => ({
  ALERT_WEBHOOK_URL: `${receiver.url}/hook/only-for-tests`,
  SLACK_WEBHOOK_URL: `${receiver.url}/slack/only-for-tests`,
  TEAMS_WEBHOOK_URL: `${receiver.url}/teams/only-for-tests`,
});

function start(
  facts: Partial<Record<FactName, { labels: Record<string, string>; value: number }[]>>,
  env: Record<string, string> = {},
) {
  const noted: Observation[] = [];
  const stops: string[] = [];
  const alerting = startAlerting({
    config: loadConfig({}, { ...addresses(), ...env }),
    database: noDatabase,
    readings: noMetrics,
    facts: { facts: (name) => facts[name], look: async () => {}, close: () => {} },
    clock: systemClock,
    note: (observation) => noted.push(observation),
    onIsolationBroken: () => stops.push('stop'),
    pace: { everyMs: 20, speedUp: 1 },
  });
  return { alerting, noted, stops };
}

test('the log is always a channel, the others where they are set', () => {
  const names = (env: Record<string, string>) => alertChannels(loadConfig({}, env), () => {}).map(({ name }) => name);
  const mail = { SMTP_SERVER: 'mail.example.com', ALERT_FROM_EMAIL: 'a@example.com', ALERT_TO_EMAILS: 'b@example.com' };
  expect(names({})).toEqual(['log']);
  expect(names({ ...addresses(), ...mail, SMTP_USERNAME: 'alerts' })).toEqual(['log', 'webhook', 'slack', 'teams', 'email']);
});

describe('a serving process', () => {
  test('tells every channel by itself, once, although the database is away', async () => {
    const facts = { audit_chain_broken: [{ labels: {}, value: 1 }] };
    const { alerting, noted } = start(facts);
    const paths = () => receiver.received.map(({ path }) => path.split('/')[1]).sort();
    await expect.poll(paths, { interval: 10 }).toEqual(['hook', 'slack', 'teams']);
    expect(noted.filter(({ kind }) => kind === 'alert_told')).toMatchObject([
      { rule: 'audit_chain', severity: 'critical', state: 'firing' },
    ]);
    facts.audit_chain_broken = [{ labels: {}, value: 0 }];
    await expect.poll(paths, { interval: 10 }).toEqual(['hook', 'hook', 'slack', 'slack', 'teams', 'teams']);
    const { rules, events } = alerting.view();
    expect(rules.find(({ rule }) => rule === 'high_cpu')?.state).toBe('unknown');
    expect(events.map(({ notice }) => notice.kind)).toEqual(['resolved', 'firing']);
    await alerting.close();
    expect(receiver.received).toHaveLength(6);
  });

  test('is told to stop where isolation is broken, and its last words are sent', async () => {
    const { alerting, stops } = start({ isolation_broken: [{ labels: {}, value: 2 }] });
    await expect.poll(() => stops.length, { interval: 5 }).toBeGreaterThan(0);
    await alerting.close();
    expect(receiver.received.map(({ body }) => JSON.stringify(body)).join()).toContain('isolation_broken');
    expect(receiver.received).toHaveLength(3);
  });

  test('goes on where an evaluation fails, and notes it', async () => {
    const noted: Observation[] = [];
    const alerting = startAlerting({
      ...{
        config: loadConfig({}, {}),
        database: noDatabase,
        readings: noMetrics,
        clock: systemClock,
        onIsolationBroken: () => {},
      },
      facts: { facts: () => undefined, look: async () => Promise.reject(new Error('nothing can be seen')), close: () => {} },
      note: (observation) => noted.push(observation),
    });
    await alerting.evaluate();
    expect(noted).toMatchObject([{ kind: 'fault_met', where: 'alerts' }]);
    await alerting.close();
  });
});

describe('an attacker who has a secret for a name', () => {
  test('cannot have it told to any channel, the log or the page', async () => {
    const labelsOf = (text: string) => ({ labels: { subject: text }, value: 9000 });
    const lines: string[] = [];
    const log = createLogSink({ stream: { write: (line) => lines.push(line) }, clock: systemClock });
    for (const { text, gone } of secretForms) {
      receiver.received.length = 0;
      const alerting = startAlerting({
        config: loadConfig({}, addresses()),
        database: noDatabase,
        readings: noMetrics,
        facts: {
          facts: (name) => (name === 'queries_of_one_subject' ? [labelsOf(text)] : undefined),
          look: async () => {},
          close: () => {},
        },
        clock: systemClock,
        note: log,
        onIsolationBroken: () => {},
      });
      await alerting.evaluate();
      await alerting.close();
      expect(receiver.received).toHaveLength(3);
      const page = JSON.stringify(alerting.view());
      const told = [...receiver.received.map(({ body }) => JSON.stringify(body)), ...lines.splice(0), page].join('\n');
      expect(told).toContain('query_flood');
      expect(told.includes(gone) || told.includes(JSON.stringify(gone).slice(1, -1))).toBe(false);
    }
  });

  test('and none of the channels tells the address or the password it is set to', async () => {
    Object.assign(receiver.mode, { status: 500, answer: 'only-for-tests' });
    const env = {
      ...{ SMTP_SERVER: '127.0.0.1', SMTP_PORT: '1', SMTP_USERNAME: 'alerts', SMTP_PASSWORD: 'only-for-tests-7Q' },
      ...{ ALERT_FROM_EMAIL: 'a@example.com', ALERT_TO_EMAILS: 'b@example.com' },
    };
    const { alerting, noted } = start({ audit_chain_broken: [{ labels: {}, value: 1 }] }, env);
    const faults = () => noted.filter(({ kind }) => kind === 'fault_met').length;
    await expect.poll(faults, { interval: 10 }).toBe(4);
    await alerting.close();
    expect(JSON.stringify(noted.map((each) => ({ ...each, error: String((each as { error?: unknown }).error) })))).not.toContain(
      'only-for-tests',
    );
  });
});
