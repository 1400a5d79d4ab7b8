import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AlertChannel } from '../../src/alerts/channels/channel.ts';
import type { Notice } from '../../src/alerts/notice.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

export const notice: Notice = {
  kind: 'firing',
  rule: 'query_flood',
  severity: 'medium',
  labels: { subject: 'agent 7' },
  summary: 'One subject asked much.',
  action: 'Talk to its owner.',
  value: '7000 queries',
  startedAt: '2026-11-22T00:00:00.000Z',
  server: 'mcp on host',
};
export const ended: Notice = { ...notice, kind: 'resolved', endedAt: '2026-11-22T00:10:00.000Z' };
export const never = new AbortController().signal;

/** What every channel that posts must do. `secret` is what lets somebody post there: a part of the address, or a key beside it. */
export function alertChannelContract(name: string, create: (url: string, secret: string) => AlertChannel): void {
  const secret = 'T0001/B0001/only-for-tests';
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.close());
  const failureOf = async (url: string, signal: AbortSignal = never) => {
    const error = await create(url, secret)
      .send(notice, signal)
      .then(
        () => undefined,
        (thrown: Error) => thrown,
      );
    expect(JSON.stringify([error?.message, error?.stack, error?.cause])).not.toContain(secret);
    return error?.message;
  };

  test('sends a beginning and its end once each', async () => {
    const channel = create(receiver.url, secret);
    expect(channel.name).toBe(name);
    await channel.send(notice, never);
    await channel.send(ended, never);
    expect(receiver.received).toHaveLength(2);
    expect(JSON.stringify(receiver.received[0]?.body)).toContain(notice.summary);
    expect(receiver.received[0]?.body).not.toEqual(receiver.received[1]?.body);
  });

  test('says that the receiver refused, and nothing of its answer or address', async () => {
    Object.assign(receiver.mode, { status: 403, answer: `no: ${secret}` });
    expect(await failureOf(receiver.url)).toBe(`${name} answered 403`);
  });

  test('goes nowhere else than where it was sent', async () => {
    const other = await startReceiver();
    Object.assign(receiver.mode, { status: 307, location: `${other.url}/${secret}` });
    expect(await failureOf(receiver.url)).toBe(`${name} answered 307`);
    expect(other.received).toEqual([]);
    await other.close();
  });

  test('says that nobody is there, and leaves when it is told to', async () => {
    const { url } = receiver;
    receiver.mode.silent = true;
    expect(await failureOf(url, AbortSignal.timeout(50))).toBe(`${name} cannot be reached (TimeoutError)`);
    await receiver.close();
    expect(await failureOf(url)).toBe(`${name} cannot be reached (ECONNREFUSED)`);
  });
}
