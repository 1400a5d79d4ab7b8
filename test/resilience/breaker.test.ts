import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../src/core/errors.ts';
import { type BreakerState, createBreaker, judgeError } from '../../src/resilience/breaker.ts';
import { handClock } from '../support/hand-clock.ts';

const fails = () => Promise.reject(new AppError('dependency_unavailable', 'gone'));
const works = async () => 'value';

function circuit() {
  const clock = handClock();
  const changes: BreakerState[] = [];
  const breaker = createBreaker({ name: 'database', clock, onChange: (state) => changes.push(state) });
  const fail = async (times: number) => {
    for (let time = 0; time < times; time += 1) await breaker.run(fails).catch(() => {});
  };
  return { clock, breaker, changes, fail };
}

/** A call that ends when the test says so. */
function held() {
  let settle = { resolve: (_: string) => {}, reject: (_: unknown) => {} };
  const outcome = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { work: () => outcome, ...settle, resolve: (value: string) => settle.resolve(value) };
}

describe('A breaker', () => {
  test('opens at the fifth failure in a row, and not before', async () => {
    const { breaker, changes, fail } = circuit();
    await fail(4);
    expect(breaker.state()).toBe('closed');
    await fail(1);
    expect(breaker.state()).toBe('open');
    expect(changes).toEqual(['open']);
  });

  test('forgets its failures at a success: five over a month open nothing', async () => {
    const { breaker, fail } = circuit();
    for (let day = 0; day < 10; day += 1) {
      await fail(4);
      await breaker.run(works);
    }
    expect(breaker.state()).toBe('closed');
  });

  test('while open it reaches nothing and says how long that will last', async () => {
    const { breaker, clock, fail } = circuit();
    await fail(5);
    clock.advance(45_000);
    let reached = false;
    const refused = breaker.run(async () => {
      reached = true;
    });
    await expect(refused).rejects.toMatchObject({ code: 'circuit_open', retryAfterMs: 15_000, hint: 'Try again in 15 s.' });
    expect(reached).toBe(false);
  });

  test('after its time one of a hundred callers reaches the dependency, and closes it by a success', async () => {
    const { breaker, clock, changes, fail } = circuit();
    await fail(5);
    clock.advance(60_000);
    expect(breaker.state()).toBe('half_open');
    let reached = 0;
    const probe = held();
    const calls = Array.from({ length: 100 }, () =>
      breaker.run(() => {
        reached += 1;
        return probe.work();
      }),
    );
    probe.resolve('well');
    const outcomes = await Promise.allSettled(calls);
    expect(reached).toBe(1);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason.code);
    expect(refused).toEqual(Array.from({ length: 99 }, () => 'circuit_open'));
    expect(changes).toEqual(['open', 'half_open', 'closed']);
    expect(await breaker.run(works)).toBe('value');
  });

  test('opens for another while when the one call fails', async () => {
    const { breaker, clock, changes, fail } = circuit();
    await fail(5);
    clock.advance(60_000);
    await fail(1);
    expect(breaker.state()).toBe('open');
    clock.advance(59_999);
    await expect(breaker.run(works)).rejects.toMatchObject({ code: 'circuit_open', retryAfterMs: 1 });
    clock.advance(1);
    await breaker.run(works);
    expect(changes).toEqual(['open', 'half_open', 'open', 'half_open', 'closed']);
  });

  test('lets the next one try when the caller of the one call has left', async () => {
    const { breaker, clock, fail } = circuit();
    await fail(5);
    clock.advance(60_000);
    await expect(breaker.run(fails, AbortSignal.abort())).rejects.toThrow('gone');
    expect(breaker.state()).toBe('half_open');
    await breaker.run(works);
    expect(breaker.state()).toBe('closed');
  });

  test('gives up the one call when it never answers, and does not mind what it says later', async () => {
    const { breaker, clock, fail } = circuit();
    await fail(5);
    clock.advance(60_000);
    const lost = held();
    const first = breaker.run(lost.work);
    clock.advance(59_999);
    await expect(breaker.run(works)).rejects.toMatchObject({ code: 'circuit_open' });
    clock.advance(1);
    const second = held();
    const trying = breaker.run(second.work);
    lost.resolve('late');
    await first;
    expect(breaker.state()).toBe('half_open');
    second.resolve('well');
    await trying;
    expect(breaker.state()).toBe('closed');
  });

  test('is not opened or closed by calls from before its last change', async () => {
    const { breaker, clock, fail } = circuit();
    const early = held();
    const running = breaker.run(early.work);
    await fail(5);
    early.resolve('an answer from better times');
    await running;
    expect(breaker.state()).toBe('open');
    clock.advance(60_000);
    await breaker.run(works);
    expect(breaker.state()).toBe('closed');
  });

  test('does not count callers’ errors, slow queries or aborts', async () => {
    const { breaker } = circuit();
    const codes: ErrorCode[] = ['invalid_input', 'query_failed', 'query_timeout', 'overloaded', 'internal'];
    for (const code of codes) {
      for (let time = 0; time < 6; time += 1) await breaker.run(() => Promise.reject(new AppError(code, ''))).catch(() => {});
    }
    for (let time = 0; time < 6; time += 1) {
      await breaker.run(fails, AbortSignal.abort()).catch(() => {});
      await breaker.run(() => Promise.reject(new DOMException('', 'AbortError'))).catch(() => {});
    }
    expect(breaker.state()).toBe('closed');
  });

  test('a refused caller is a sign of life, a slow query is none', () => {
    const verdicts = (codes: ErrorCode[]) => codes.map((code) => judgeError(new AppError(code, '')));
    expect(verdicts(['query_failed', 'query_timeout', 'dependency_unavailable'])).toEqual(['well', 'unknown', 'down']);
    expect(judgeError(new Error('anything'))).toBe('down');
    expect(judgeError('thrown text')).toBe('down');
  });
});
