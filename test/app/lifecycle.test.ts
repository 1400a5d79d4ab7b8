import { expect, test } from 'vitest';
import { closeInOrder } from '../../src/app/lifecycle.ts';

test('parts are closed one after the other, and a part that fails does not keep the rest open', async () => {
  const closed: string[] = [];
  await closeInOrder([
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      closed.push('first');
    },
    () => Promise.reject(new Error('stuck')),
    async () => void closed.push('last'),
  ]);
  expect(closed).toEqual(['first', 'last']);
});

test('a part that never closes is left behind at the deadline', async () => {
  const closed: string[] = [];
  await closeInOrder([() => new Promise(() => {}), async () => void closed.push('next')], 20);
  expect(closed).toEqual([]);
});
