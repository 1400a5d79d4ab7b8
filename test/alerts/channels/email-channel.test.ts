import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import { createEmailChannel, type EmailOptions } from '../../../src/alerts/channels/email-channel.ts';
import type { Notice } from '../../../src/alerts/notice.ts';

const password = 'only-for-tests-7Q';
const notice: Notice = {
  kind: 'firing',
  rule: 'auth_failures',
  severity: 'high',
  labels: { caller: 'address 10.0.0.9' },
  summary: 'Many requests come without a good token.',
  action: 'Look at the audit trail.',
  value: '',
  startedAt: '2026-11-22T00:00:00.000Z',
  server: 'mcp on host',
};
const never = new AbortController().signal;

interface Mail {
  readonly from: string | undefined;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A real SMTP server with the certificate for localhost that its package brings. */
async function mailServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const logins: unknown[] = [];
  const server = new SMTPServer({
    onAuth({ username, password: given }, _session, done) {
      logins.push([username, given]);
      if (username === 'alerts' && given === password) done(null, { user: username });
      else done(new Error(`bad login ${given}`));
    },
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? undefined : mailFrom?.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address), text, secure: session.secure });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
  const { port } = server.server.address() as AddressInfo;
  const channel = (more: Partial<EmailOptions> = {}) =>
    createEmailChannel({
      ...{ host: '127.0.0.1', port, from: 'zava@example.com', to: ['ops@example.com', 'lead@example.com'] },
      ...{ login: { user: 'alerts', password }, requireTls: false },
      ...more,
    });
  return { mails, logins, channel };
}

async function failureOf(sending: Promise<void>): Promise<string | undefined> {
  const error = await sending.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(JSON.stringify([error?.message, error?.stack, error?.cause])).not.toContain(password);
  return error?.message;
}

test('a mail reaches all who are set, by a login over TLS', async () => {
  const { mails, logins, channel } = await mailServer();
  await channel().send(notice, never);
  expect(logins).toEqual([['alerts', password]]);
  expect(mails).toMatchObject([{ from: 'zava@example.com', to: ['ops@example.com', 'lead@example.com'], secure: true }]);
  expect(mails[0]?.text).toContain('Subject: [FIRING] high: auth_failures');
  expect(mails[0]?.text).toContain('caller: address 10.0.0.9');
  expect(mails[0]?.text).not.toContain(password);
});

test('a password goes to no server without TLS, and to none whose certificate nobody vouches for', async () => {
  const plain = await mailServer({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true });
  expect(await failureOf(plain.channel({ requireTls: true }).send(notice, never))).toMatch(/did not take the mail \(ETLS/);
  const selfSigned = await mailServer();
  expect(await failureOf(selfSigned.channel({ requireTls: true }).send(notice, never))).toMatch(/did not take the mail/);
  expect([plain.logins, selfSigned.logins, plain.mails]).toEqual([[], [], []]);
});

test('a wrong password is told without it', async () => {
  const { channel } = await mailServer();
  const login = { user: 'alerts', password: `${password}x` };
  expect(await failureOf(channel({ login }).send(notice, never))).toBe('the mail server did not take the mail (EAUTH 535)');
});

test('a mail holds no header that somebody else wrote', async () => {
  const { mails, channel } = await mailServer();
  await channel().send({ ...notice, rule: 'x\r\nBcc: evil@example.com', labels: { caller: 'a\r\n.\r\nRSET' } }, never);
  expect(mails[0]?.to).toEqual(['ops@example.com', 'lead@example.com']);
  expect(mails[0]?.text).not.toMatch(/^Bcc:/m);
});

test('a server that is silent is left when the channel is told to', async () => {
  const { channel } = await mailServer({ onConnect: () => {} });
  expect(await failureOf(channel().send(notice, AbortSignal.timeout(100)))).toMatch(/did not take the mail/);
});
