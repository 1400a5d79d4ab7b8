import { expect, test } from 'vitest';
import { AppError, toErrorBody } from '../../src/core/errors.ts';

test('a refusal tells code, message, hint and when to try again, in whole seconds', () => {
  const error = new AppError('rate_limited', 'Too fast', { hint: 'Wait.', retryAfterMs: 1200 });
  expect(toErrorBody(error, 'r1')).toEqual({ code: 'rate_limited', message: 'Too fast', hint: 'Wait.', retry_after_s: 2 });
});

test('a cause never reaches the caller', () => {
  const error = new AppError('query_failed', 'It failed', { cause: new Error('password=secret') });
  expect(JSON.stringify(toErrorBody(error, 'r1'))).not.toContain('secret');
  expect(error.cause).toBeInstanceOf(Error);
});

test.each([
  ['an error of another kind', new TypeError('x is not a function at /srv/app.js')],
  ['an internal error', new AppError('internal', 'the scope was [1] in place of [2]')],
  ['something thrown that is no error', 'boom'],
])('%s shows nothing but the request id', (_what, error) => {
  const body = toErrorBody(error, 'r7');
  expect(body.code).toBe('internal');
  expect(body.message).toContain('r7');
  expect(JSON.stringify(body)).not.toMatch(/srv|scope|boom/);
});
