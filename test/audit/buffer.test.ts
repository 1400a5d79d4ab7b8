import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAppend } from '../../src/audit/append.ts';
import { type AuditBufferOptions, createAuditBuffer } from '../../src/audit/buffer.ts';
import type { AuditRecord } from '../../src/audit/record.ts';
import type { Observation } from '../../src/core/observation.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const call = (index: number): Observation => ({
  kind: 'tool_called',
  requestId: String(index),
  subject: 's',
  tool: 't',
  outcome: 'answered',
  durationMs: 1,
  statement: 'SELECT 1',
});
const refused: Observation = { kind: 'request_refused', requestId: 'x', code: 'unauthenticated', httpStatus: 401, message: 'm' };

function trail(options: Partial<AuditBufferOptions> = {}) {
  const state = { batches: [] as AuditRecord[][], down: false, outages: [] as unknown[], lost: [] as AuditRecord[] };
  const buffer = createAuditBuffer({
    append: async (records) => {
      if (state.down) throw new Error('the database is away');
      state.batches.push([...records]);
      return `head ${state.batches.length}`;
    },
    fingerprint: () => 'fp',
    mask: (value) => value,
    clock: { now: () => Date.now(), monotonic: () => 0 },
    onOutage: (error) => state.outages.push(error),
    onUnwritten: (records) => state.lost.push(...records),
    ...options,
  });
  return { buffer, state, written: () => state.batches.flat().map((record) => record.request_id) };
}

describe('while the trail can be written', () => {
  test('events share one statement, at most 200 ms later', async () => {
    const { buffer, state, written } = trail();
    for (let index = 0; index < 5; index += 1) buffer.push(call(index));
    await vi.advanceTimersByTimeAsync(199);
    expect(state.batches).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.batches).toHaveLength(1);
    expect(written()).toEqual(['0', '1', '2', '3', '4']);
    expect(buffer.head()).toBe('head 1');
    expect(buffer.size()).toBe(0);
  });

  test('a full batch does not wait', async () => {
    const { buffer, state } = trail({ maxBatch: 3 });
    for (let index = 0; index < 7; index += 1) buffer.push(call(index));
    await vi.advanceTimersByTimeAsync(0);
    expect(state.batches.map((batch) => batch.length)).toEqual([3, 3, 1]);
  });

  test('an event keeps the time at which it happened', async () => {
    const { buffer, state } = trail();
    vi.setSystemTime(1_790_000_000_000);
    buffer.push(call(1));
    await vi.advanceTimersByTimeAsync(200);
    expect(state.batches[0]?.[0]?.occurred_at).toBe('2026-09-21T14:13:20.000000Z');
  });

  test('what is no matter of the trail is not taken', async () => {
    const { buffer, state } = trail();
    buffer.push({ kind: 'server_stopped', reason: 'x' });
    expect(buffer.size()).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(state.batches).toHaveLength(0);
  });

  test('a statement that has no fingerprint does not cost its event', async () => {
    const { buffer, state } = trail({
      fingerprint: () => {
        throw new Error('no parser');
      },
    });
    buffer.push(call(1));
    await buffer.flush();
    expect(state.batches[0]?.[0]?.statement_fingerprint).toBe('unknown');
  });

  test('a stop writes what waits', async () => {
    const { buffer, state, written } = trail();
    buffer.push(call(1));
    const running = buffer.flush();
    buffer.push(call(2));
    await buffer.close();
    await running;
    expect(written()).toEqual(['1', '2']);
    expect(state.lost).toEqual([]);
    expect(() => buffer.admit()).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });
});

describe('while it cannot', () => {
  test('events wait, in their order, and the outage is told once', async () => {
    const { buffer, state, written } = trail();
    state.down = true;
    buffer.push(call(1));
    await vi.advanceTimersByTimeAsync(3_000);
    buffer.push(call(2));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.outages).toHaveLength(1);
    expect(buffer.size()).toBe(2);
    state.down = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(written()).toEqual(['1', '2']);
    expect(buffer.size()).toBe(0);
    state.down = true;
    buffer.push(call(3));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state.outages).toHaveLength(2);
  });

  test('a full buffer refuses calls until it has room again', async () => {
    const { buffer, state } = trail({ capacity: 4 });
    state.down = true;
    for (let index = 0; index < 3; index += 1) buffer.push(call(index));
    expect(() => buffer.admit()).not.toThrow();
    buffer.push(call(3));
    expect(() => buffer.admit()).toThrow(expect.objectContaining({ code: 'overloaded', retryAfterMs: 5000 }));
    // What was admitted before is recorded all the same.
    buffer.push(call(4));
    expect(buffer.size()).toBe(5);
    state.down = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(() => buffer.admit()).not.toThrow();
  });

  test('refusals beyond half of the room are counted, and the counts are recorded afterwards', async () => {
    const { buffer, state } = trail({ capacity: 4 });
    state.down = true;
    for (let index = 0; index < 100; index += 1) buffer.push(refused);
    buffer.push({
      kind: 'tool_called',
      requestId: 'r',
      subject: 's',
      tool: 't',
      outcome: 'failed',
      code: 'overloaded',
      durationMs: 1,
    });
    expect(buffer.size()).toBe(2);
    expect(() => buffer.admit()).not.toThrow();
    await vi.advanceTimersByTimeAsync(2_000);
    state.down = false;
    await vi.advanceTimersByTimeAsync(10_000);
    buffer.push(call(1));
    await vi.advanceTimersByTimeAsync(200);
    const records = state.batches.flat();
    expect(records.filter((record) => record.action === 'authentication')).toHaveLength(2);
    expect(records).toContainEqual(
      expect.objectContaining({
        action: 'refusals_counted',
        error_code: 'unauthenticated',
        detail: expect.objectContaining({ count: 98 }),
      }),
    );
    expect(records).toContainEqual(expect.objectContaining({ action: 'refusals_counted', error_code: 'overloaded' }));
  });

  test('a stop tells what it had to leave', async () => {
    const { buffer, state } = trail();
    state.down = true;
    buffer.push(call(1));
    buffer.push(call(2));
    await buffer.close();
    expect(state.lost.map((record) => record.request_id)).toEqual(['1', '2']);
  });
});

test('an answer without a head is a failure', async () => {
  await expect(createAppend({ query: async () => [] })([])).rejects.toThrow('audit.append gave no head');
});
