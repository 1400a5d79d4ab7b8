import type { Notice } from '../notice.ts';

/** A way to reach people. */
export interface AlertChannel {
  readonly name: string;
  /** Rejects when the notice was not taken; what is thrown names no address and no secret. */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

/** Longest time that one send may take, in milliseconds. */
export const sendLimitMs = 30_000;
