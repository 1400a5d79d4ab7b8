import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createMemoryRateStore } from '../../src/resilience/memory-rate-store.ts';
import { createRateLimiter, takeToken } from '../../src/resilience/rate-limiter.ts';
import { handClock } from '../support/hand-clock.ts';

function limiter(perMinute: number, burst?: number) {
  const clock = handClock();
  const store = createMemoryRateStore({ clock });
  return { clock, store, ...createRateLimiter({ name: 'calls', store, perMinute, ...(burst !== undefined && { burst }) }) };
}

async function refusal(call: Promise<void>): Promise<AppError> {
  const error = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe('rate_limited');
  return error as AppError;
}

describe('a subject', () => {
  test('may call as often as the burst allows, and the first call past it is refused', async () => {
    const { take } = limiter(300, 60);
    for (let call = 0; call < 60; call += 1) await take('ann');
    expect((await refusal(take('ann'))).retryAfterMs).toBe(200);
  });

  test('succeeds after the stated time, and not before', async () => {
    const { take, clock } = limiter(30, 2);
    await take('ann');
    await take('ann');
    const { retryAfterMs, hint } = await refusal(take('ann'));
    expect(hint).toBe('Try again in 2 seconds.');
    clock.advance((retryAfterMs ?? 0) - 1);
    expect((await refusal(take('ann'))).retryAfterMs).toBe(1);
    clock.advance(1);
    await take('ann');
  });

  test('is not slowed by another', async () => {
    const { take } = limiter(60, 1);
    await take('ann');
    await take('bob');
    expect((await refusal(take('ann'))).hint).toBe('Try again in 1 second.');
  });

  test('is not charged for refused calls', async () => {
    const { take, clock } = limiter(60, 1);
    await take('ann');
    for (let call = 0; call < 100; call += 1) await refusal(take('ann'));
    clock.advance(1000);
    await take('ann');
  });

  test('with a factor of three may do three times as much', async () => {
    const { take } = limiter(60, 2);
    for (let call = 0; call < 6; call += 1) await take('root', 3);
    const error = await refusal(take('root', 3));
    expect(error.message).toBe('Too many calls: at most 180 a minute, 6 at once');
    expect(error.retryAfterMs).toBeCloseTo(1000 / 3);
  });
});

test('without a burst, a whole minute’s tokens may be taken at once', async () => {
  const { take } = limiter(20);
  for (let call = 0; call < 20; call += 1) await take('10.0.0.1');
  await refusal(take('10.0.0.1'));
});

test('0 means unlimited', async () => {
  const { take } = limiter(0, 1);
  for (let call = 0; call < 1000; call += 1) await take('ann');
});

test('subjects do not stand in the keys', async () => {
  const keys: string[] = [];
  const store = { take: async (key: string) => keys.push(key) * 0 };
  await createRateLimiter({ name: 'calls', store, perMinute: 1 }).take('ann@example.com');
  expect(keys[0]).toMatch(/^calls:[\w-]{22}$/);
});

test('the least recently used bucket beyond the limit of memory is full again', async () => {
  const store = createMemoryRateStore({ clock: handClock(), maxBuckets: 2 });
  const bucket = { intervalMs: 1000, burst: 1 };
  for (const key of ['a', 'b', 'c']) expect(await store.take(key, bucket)).toBe(0);
  expect(await store.take('c', bucket)).toBe(1000);
  expect(await store.take('a', bucket)).toBe(0);
});

test('in any window, at most the burst and what flows in meanwhile is let through', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 100 }),
      (intervalMs, burst, pauses) => {
        let now = 0;
        let fullAt = Number.NEGATIVE_INFINITY;
        const taken: number[] = [];
        for (const pause of pauses) {
          now += pause;
          const { waitMs, fullAt: next } = takeToken(fullAt, now, { intervalMs, burst });
          if (waitMs === 0) taken.push(now);
          else expect(takeToken(fullAt, now + waitMs, { intervalMs, burst }).waitMs).toBe(0);
          fullAt = next;
        }
        for (const [index, from] of taken.entries()) {
          for (const [later, to] of taken.slice(index).entries()) {
            expect(later + 1).toBeLessThanOrEqual(burst + Math.floor((to - from) / intervalMs));
          }
        }
      },
    ),
  );
});
