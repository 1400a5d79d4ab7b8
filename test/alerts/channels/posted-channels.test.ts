import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSlackChannel } from '../../../src/alerts/channels/slack-channel.ts';
import { createTeamsChannel } from '../../../src/alerts/channels/teams-channel.ts';
import { createWebhookChannel } from '../../../src/alerts/channels/webhook-channel.ts';
import { alertChannelContract, ended, never, notice } from '../../contracts/alert-channel.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

test('a webhook gets what Alertmanager would send it', async () => {
  const channel = createWebhookChannel({ url: `${receiver.url}/hook` });
  await channel.send(notice, never);
  await channel.send(ended, never);
  expect(receiver.received[0]).toMatchObject({
    path: '/hook',
    contentType: 'application/json',
    body: {
      version: '4',
      status: 'firing',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'query_flood', severity: 'medium', subject: 'agent 7', server: 'mcp on host' },
          annotations: { summary: 'One subject asked much.', value: '7000 queries', kind: 'firing' },
          startsAt: '2026-11-22T00:00:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
        },
      ],
    },
  });
  expect(receiver.received[1]?.body.alerts[0]).toMatchObject({ status: 'resolved', endsAt: '2026-11-22T00:10:00.000Z' });
});

test('a label cannot pass for the rule or its severity', async () => {
  const forged = { ...notice, labels: { alertname: 'all_is_well', severity: 'low', server: 'another' } };
  await createWebhookChannel({ url: receiver.url }).send(forged, never);
  expect(receiver.received[0]?.body.alerts[0].labels).toEqual({
    alertname: 'query_flood',
    severity: 'medium',
    server: 'mcp on host',
  });
});

test('Slack gets a line, and the facts beside a colour', async () => {
  const channel = createSlackChannel({ url: `${receiver.url}/services/T/B/x` });
  await channel.send(notice, never);
  await channel.send(ended, never);
  const [first, second] = receiver.received.map(({ body }) => body);
  expect(first.text).toBe('[FIRING] medium: query\u200b_flood One subject asked much.');
  expect(first.attachments[0].blocks[0].text.text.split('\n')).toEqual([
    '*subject*: agent 7',
    '*value*: 7000 queries',
    '*since*: 2026-11-22T00:00:00.000Z',
    '*server*: mcp on host',
    '*what to do*: Talk to its owner.',
  ]);
  expect(second.text).toContain('[RESOLVED]');
  expect(second.attachments[0].color).not.toBe(first.attachments[0].color);
});

test('Teams gets an Adaptive Card', async () => {
  await createTeamsChannel({ url: receiver.url }).send(notice, never);
  const { body } = receiver.received[0] ?? {};
  expect(body.attachments[0].contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(body.attachments[0].content.body.map(({ type }: { type: string }) => type)).toEqual([
    'TextBlock',
    'TextBlock',
    'FactSet',
  ]);
  expect(body.attachments[0].content.body[2].facts[0]).toEqual({ title: 'subject', value: 'agent 7' });
});

test('what a caller is called mentions nobody and links nowhere', async () => {
  const hostile = { ...notice, labels: { subject: '<!channel> <https://evil.example|all is well> *[x](https://evil.example)*' } };
  await createSlackChannel({ url: receiver.url }).send(hostile, never);
  await createTeamsChannel({ url: receiver.url }).send(hostile, never);
  const [slack, teams] = receiver.received.map(({ body }) => JSON.stringify(body));
  expect(slack).not.toContain('<!channel>');
  expect(slack).not.toContain('<https');
  expect(slack).toContain('&lt;!channel&gt;');
  expect(teams).not.toContain('[x](');
});

describe('webhook', () => alertChannelContract('webhook', (url, secret) => createWebhookChannel({ url: `${url}/${secret}` })));
describe('slack', () => alertChannelContract('slack', (url, secret) => createSlackChannel({ url: `${url}/${secret}` })));
describe('teams', () => alertChannelContract('teams', (url, secret) => createTeamsChannel({ url: `${url}/${secret}` })));
