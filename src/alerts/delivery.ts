import type { Clock } from '../core/clock.ts';
import { within } from '../core/within.ts';
import { type AlertChannel, sendLimitMs } from './channels/channel.ts';
import type { Notice } from './notice.ts';

export interface DeliveryOptions {
  readonly channels: readonly AlertChannel[];
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly onOutcome: (outcome: DeliveryOutcome) => void;
  readonly limitMs?: number;
}

export interface DeliveryOutcome {
  readonly notice: Notice;
  readonly channel: string;
  /** `waiting`: it failed and is tried again. */
  readonly state: 'sent' | 'waiting' | 'given_up';
  readonly error?: unknown;
}

/** Until the next attempt, in milliseconds; after the last one the notice is given up. */
const retryAfterMs = [15_000, 60_000, 240_000, 600_000];
const mostWaiting = 100;
/** What a stop leaves to notices that are on their way. */
const lastWordsMs = 5000;

interface Waiting {
  readonly notice: Notice;
  attempts: number;
  dueAt: number;
}

/** One queue a channel: one that hangs or fails holds up neither the others nor whoever offers. */
export function createDelivery({ channels, clock, onOutcome, limitMs = sendLimitMs }: DeliveryOptions) {
  const closing = new AbortController();
  const lines = channels.map((channel) => ({
    channel,
    waiting: [] as Waiting[],
    sending: undefined as Promise<void> | undefined,
  }));
  type Line = (typeof lines)[number];

  const attempt = async ({ channel, waiting }: Line, head: Waiting) => {
    const { notice } = head;
    head.attempts += 1;
    try {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(limitMs)]);
      await within(limitMs, channel.send(notice, signal));
      waiting.shift();
      onOutcome({ notice, channel: channel.name, state: 'sent' });
    } catch (error) {
      const delay = retryAfterMs[head.attempts - 1];
      if (delay === undefined) waiting.shift();
      else head.dueAt = clock.monotonic() + delay;
      onOutcome({ notice, channel: channel.name, state: delay === undefined ? 'given_up' : 'waiting', error });
    }
  };
  const drain = async (line: Line) => {
    for (let head = line.waiting[0]; head !== undefined && head.dueAt <= clock.monotonic(); head = line.waiting[0]) {
      if (closing.signal.aborted) return;
      await attempt(line, head);
    }
  };
  const pump = () => {
    for (const line of lines) {
      line.sending ??= drain(line).finally(() => {
        line.sending = undefined;
      });
    }
  };
  const settled = () => Promise.all(lines.map(({ sending }) => sending));

  return {
    /** Returns at once. */
    offer(notice: Notice): void {
      for (const { channel, waiting } of lines) {
        waiting.push({ notice, attempts: 0, dueAt: clock.monotonic() });
        if (waiting.length <= mostWaiting) continue;
        // The first one may be on its way: the second is the oldest that is not.
        const [dropped] = waiting.splice(1, 1);
        if (dropped !== undefined) onOutcome({ notice: dropped.notice, channel: channel.name, state: 'given_up' });
      }
      pump();
    },
    /** Tries again what is due. */
    pump,
    /** When every attempt that has begun has ended. */
    settled,
    async close(): Promise<void> {
      await within(lastWordsMs, settled()).catch(() => {});
      closing.abort();
      await settled();
    },
  };
}
