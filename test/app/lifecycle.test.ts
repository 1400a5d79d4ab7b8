import { expect, test } from 'vitest';
import { closeInOrder } from '../../src/app/lifecycle.ts';

test('parts are closed one after the other, and a part that fails does not keep the rest open', async () => {
  const closed: string[] = [];
  const faults: unknown[] = [];
  const parts = [
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      closed.push('first');
    },
    () => Promise.reject(new Error('stuck')),
    () => {
      throw new Error('at once');
    },
    async () => void closed.push('last'),
  ];
  await closeInOrder(parts, { onFault: (error) => faults.push(error) });
  expect(closed).toEqual(['first', 'last']);
  expect(faults.map(String)).toEqual(['Error: stuck', 'Error: at once']);
  await closeInOrder(parts);
  expect(closed).toHaveLength(4);
});

test('the parts of a list are closed at the same time, and the next one when all of them have', async () => {
  const told: string[] = [];
  const part = (name: string, ms: number) => async () => {
    told.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    told.push(`${name} has closed`);
  };
  const failing = () => Promise.reject(new Error('no'));
  await closeInOrder([[part('slow', 30), failing, part('quick', 5)], part('last', 0)]);
  expect(told).toEqual([
    ...['slow begins', 'quick begins', 'quick has closed', 'slow has closed'],
    ...['last begins', 'last has closed'],
  ]);
});

test('a part that never closes is left behind at the deadline', async () => {
  const closed: string[] = [];
  const faults: unknown[] = [];
  const parts = [() => new Promise<void>(() => {}), async () => void closed.push('next')];
  await closeInOrder(parts, { deadlineMs: 20, onFault: (error) => faults.push(error) });
  expect(closed).toEqual([]);
  expect(faults.map(String)).toEqual(['Error: not all has closed within 0.02 s']);
});
