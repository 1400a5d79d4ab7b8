import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createBreaker } from '../../src/resilience/breaker.ts';
import { createResilientCall, isRetryable, type ResilientCallOptions } from '../../src/resilience/resilient-call.ts';
import { handClock } from '../support/hand-clock.ts';

const gone = (retryAfterMs?: number) => new AppError('dependency_unavailable', 'gone', retryAfterMs ? { retryAfterMs } : {});
const status = (code: number) => Object.assign(new Error(`HTTP ${code}`), { status: code });

function dependency(failures: readonly unknown[], changes: Partial<ResilientCallOptions> = {}) {
  const clock = handClock();
  const waits: number[] = [];
  const call = createResilientCall({
    name: 'embedder',
    clock,
    timeoutMs: 10_000,
    random: () => 1,
    sleep: async (ms) => {
      waits.push(ms);
      clock.advance(ms);
    },
    ...changes,
  });
  const seen = { calls: 0 };
  const work = async () => {
    seen.calls += 1;
    const failure = failures[seen.calls - 1];
    if (failure !== undefined) throw failure;
    return 'value';
  };
  return { clock, call, waits, seen, work };
}

const idempotent = { idempotent: true };

describe('A resilient call', () => {
  test('two failures and then a success are three calls', async () => {
    const { call, work, seen, waits } = dependency([gone(), gone()]);
    expect(await call(work, idempotent)).toBe('value');
    expect(seen.calls).toBe(3);
    expect(waits).toEqual([200, 400]);
  });

  test('waits a random part of that, so that callers do not come back together', async () => {
    const { call, work, waits } = dependency([gone(), gone()], { random: () => 0.25 });
    await call(work, idempotent);
    expect(waits).toEqual([50, 100]);
  });

  test('a third failure is the caller’s', async () => {
    const { call, work, seen } = dependency([gone(), gone(), status(503)]);
    await expect(call(work, idempotent)).rejects.toThrow('HTTP 503');
    expect(seen.calls).toBe(3);
  });

  test('a caller’s error is one call, and so is anything that must not be done twice', async () => {
    const wrong = dependency([status(400)]);
    await expect(wrong.call(wrong.work, idempotent)).rejects.toThrow('HTTP 400');
    const write = dependency([gone()]);
    await expect(write.call(write.work, { idempotent: false })).rejects.toThrow('gone');
    expect([wrong.seen.calls, write.seen.calls]).toEqual([1, 1]);
  });

  test('waits as long as the dependency asked', async () => {
    const { call, work, waits } = dependency([gone(3000)]);
    await call(work, idempotent);
    expect(waits).toEqual([3000]);
  });

  test('never waits past the end: its own or the caller’s', async () => {
    const own = dependency([gone(10_000)]);
    await expect(own.call(own.work, idempotent)).rejects.toThrow('gone');
    const callers = dependency([gone()]);
    await expect(callers.call(callers.work, { ...idempotent, deadlineAt: 200 })).rejects.toThrow('gone');
    expect([own.waits, callers.waits]).toEqual([[], []]);
    expect([own.seen.calls, callers.seen.calls]).toEqual([1, 1]);
  });

  test('ends on time what does not answer, and tells it to stop', async () => {
    const { call } = dependency([], { timeoutMs: 40, tries: 1 });
    let told: AbortSignal | undefined;
    const endless = (signal: AbortSignal) => {
      told = signal;
      return new Promise<never>(() => {});
    };
    await expect(call(endless, idempotent)).rejects.toMatchObject({
      code: 'dependency_unavailable',
      message: 'The embedder did not answer within 0.04 s',
    });
    expect(told?.aborted).toBe(true);
  });

  test('an attempt that is too slow is tried again while there is time', async () => {
    const { call, seen } = dependency([], { attemptTimeoutMs: 30 });
    const work = () => {
      seen.calls += 1;
      return seen.calls < 3 ? new Promise<never>(() => {}) : Promise.resolve('value');
    };
    expect(await call(work, idempotent)).toBe('value');
    expect(seen.calls).toBe(3);
  });

  test('ends with its caller: before, during and between attempts', async () => {
    const early = dependency([]);
    await expect(early.call(early.work, { ...idempotent, signal: AbortSignal.abort() })).rejects.toThrow('abort');
    expect(early.seen.calls).toBe(0);

    const during = dependency([]);
    const caller = new AbortController();
    const calling = during.call(() => new Promise<never>(() => {}), { ...idempotent, signal: caller.signal });
    caller.abort(new Error('the caller left'));
    await expect(calling).rejects.toThrow('the caller left');

    const between = createResilientCall({ name: 'embedder', clock: handClock(), timeoutMs: 1e6, baseMs: 1e5, random: () => 1 });
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 30);
    await expect(between(() => Promise.reject(gone()), { ...idempotent, signal: leaving.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('sleeps for real where nothing else is given', async () => {
    const call = createResilientCall({ name: 'embedder', clock: handClock(), timeoutMs: 1000, baseMs: 1 });
    let calls = 0;
    await call(async () => {
      calls += 1;
      if (calls === 1) throw gone();
    }, idempotent);
    expect(calls).toBe(2);
  });

  test('does not knock at an open breaker again, and its failures count there one by one', async () => {
    const clock = handClock();
    const breaker = createBreaker({ name: 'embedder', clock });
    const { call, seen, waits } = dependency([], { clock, breaker });
    const work = () => {
      seen.calls += 1;
      return Promise.reject(gone());
    };
    await expect(call(work, idempotent)).rejects.toThrow('gone');
    await expect(call(work, idempotent)).rejects.toMatchObject({ code: 'circuit_open' });
    expect(seen.calls).toBe(5);
    expect(waits.length).toBe(4);
    await expect(call(work, idempotent)).rejects.toMatchObject({ code: 'circuit_open' });
    expect(waits.length).toBe(4);
  });
});

test('worth another try: what may be over in a moment', () => {
  const yes = [
    gone(),
    new AppError('overloaded', ''),
    status(429),
    status(408),
    status(500),
    { statusCode: 502 },
    Object.assign(new Error(), { code: 'ECONNRESET' }),
    new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }),
  ];
  const circle = new Error('itself');
  circle.cause = circle;
  const no = [
    new AppError('circuit_open', ''),
    new AppError('invalid_input', ''),
    status(404),
    new Error('no'),
    circle,
    undefined,
  ];
  expect(yes.map(isRetryable)).toEqual(yes.map(() => true));
  expect(no.map(isRetryable)).toEqual(no.map(() => false));
});
