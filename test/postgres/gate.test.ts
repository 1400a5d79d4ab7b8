import { describe, expect, test } from 'vitest';
import { createGate } from '../../src/postgres/gate.ts';

const held = () => {
  let open = () => {};
  const until = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { until, open };
};

describe('A gate', () => {
  test('lets as many through as it has slots, and the others in their order', async () => {
    const gate = createGate({ slots: 2, queueLimit: 10, timeoutMs: 1000 });
    const [first, second] = [held(), held()];
    const seen: string[] = [];
    const calls = [
      gate.run(undefined, () => first.until.then(() => seen.push('first'))),
      gate.run(undefined, () => second.until.then(() => seen.push('second'))),
      gate.run(undefined, async () => seen.push('third')),
      gate.run(undefined, async () => seen.push('fourth')),
    ];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toEqual([]);
    second.open();
    await calls[3];
    expect(seen).toEqual(['second', 'third', 'fourth']);
    first.open();
    await Promise.all(calls);
  });

  test('refuses as overloaded who waited too long, and recovers', async () => {
    const gate = createGate({ slots: 1, queueLimit: 10, timeoutMs: 30 });
    const holder = held();
    const running = gate.run(undefined, () => holder.until);
    await expect(gate.run(new AbortController().signal, async () => 1)).rejects.toMatchObject({
      code: 'overloaded',
      retryAfterMs: 30,
    });
    holder.open();
    await running;
    expect(await gate.run(undefined, async () => 2)).toBe(2);
  });

  test('refuses at once when the queue is full', async () => {
    const gate = createGate({ slots: 1, queueLimit: 1, timeoutMs: 1000 });
    const holder = held();
    const running = gate.run(undefined, () => holder.until);
    const waiting = gate.run(undefined, async () => 'waited');
    await expect(gate.run(undefined, async () => 1)).rejects.toMatchObject({ code: 'overloaded' });
    holder.open();
    expect(await waiting).toBe('waited');
    await running;
  });

  test('gives the slot back when the work fails', async () => {
    const gate = createGate({ slots: 1, queueLimit: 1, timeoutMs: 1000 });
    await expect(gate.run(undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(undefined, async () => 1)).toBe(1);
  });

  test('lets nobody in who has left, before or while waiting', async () => {
    const gate = createGate({ slots: 1, queueLimit: 5, timeoutMs: 1000 });
    await expect(gate.run(AbortSignal.abort(), async () => 1)).rejects.toMatchObject({ code: 'query_timeout' });
    const holder = held();
    const running = gate.run(undefined, () => holder.until);
    const caller = new AbortController();
    const leaving = gate.run(caller.signal, async () => 1);
    const staying = gate.run(undefined, async () => 2);
    caller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'query_timeout' });
    holder.open();
    expect(await staying).toBe(2);
    await running;
  });
});
