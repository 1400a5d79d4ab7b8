import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../src/core/errors.ts';
import { fromOwnStatement, fromPostgres, isPostgresError } from '../../src/postgres/sqlstate.ts';

const reported = (code: string, more = {}) => Object.assign(new Error(`message of ${code}`), { code, ...more });

describe('An error of PostgreSQL', () => {
  test.each<[string, ErrorCode]>([
    ['57014', 'query_timeout'],
    ['42501', 'query_failed'],
    ['42601', 'query_failed'],
    ['42P01', 'query_failed'],
    ['22012', 'query_failed'],
    ['21000', 'query_failed'],
    ['0A000', 'query_failed'],
    ['54001', 'query_failed'],
    ['53400', 'query_failed'],
    ['53300', 'overloaded'],
    ['53200', 'overloaded'],
    ['55P03', 'overloaded'],
    ['40001', 'overloaded'],
    ['40P01', 'overloaded'],
    ['57P01', 'dependency_unavailable'],
    ['57P03', 'dependency_unavailable'],
    ['08006', 'dependency_unavailable'],
    ['58030', 'dependency_unavailable'],
    ['25006', 'internal'],
    ['28P01', 'internal'],
    ['XX000', 'internal'],
    ['P0001', 'internal'],
  ])('%s becomes %s', (state, code) => {
    const error = reported(state);
    expect(fromPostgres(error)).toMatchObject({ code, cause: error });
  });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN'])(
    'that is the network’s %s is an unavailable dependency',
    (code) => {
      expect(fromPostgres(reported(code))).toMatchObject({ code: 'dependency_unavailable', retryAfterMs: 5000 });
    },
  );

  test.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
  ])('that is the driver’s “%s” is an unavailable dependency', (message) => {
    expect(fromPostgres(new Error(message)).code).toBe('dependency_unavailable');
  });

  test.each([new Error('something else'), reported('EPERM'), 'a text', undefined, null])(
    'that is none of these (%s) is internal',
    (error) => {
      expect(fromPostgres(error)).toMatchObject({ code: 'internal', message: 'An unexpected failure' });
    },
  );

  test('is told apart from the operating system’s codes of five letters', () => {
    expect(['42601', '0A000', 'XX000', 'P0001', 'F0000', 'HV000'].map((code) => isPostgresError(reported(code)))).not.toContain(
      false,
    );
    expect(['EPIPE', 'EPERM', 'EBUSY', 'ENOSPC', '4260', ''].map((code) => isPostgresError(reported(code)))).not.toContain(true);
    expect(isPostgresError({ code: '42601' })).toBe(false);
  });

  test('about the caller’s statement keeps its message, position and hint', () => {
    expect(fromPostgres(reported('42703', { position: '8', hint: 'Perhaps …' }))).toMatchObject({
      message: 'message of 42703 (at position 8 of the statement as it was sent)',
      hint: 'Perhaps …',
    });
    expect(fromPostgres(reported('42703')).hint).toMatch(/get_multiple_table_schemas/);
  });

  test('about anything else shows nothing of its message', () => {
    for (const state of ['57014', '53300', '53400', '57P01', '25006', 'XX000', '28P01', '40001'])
      expect(fromPostgres(reported(state)).message).not.toContain('message of');
  });

  test.each(['28P01', '3D000'])('of a login or a database that is not there (%s) says what to check', (state) => {
    expect(fromPostgres(reported(state))).toMatchObject({ code: 'internal', hint: expect.stringContaining('bootstrap') });
  });

  test('that was translated already stays as it is', () => {
    const known = new AppError('forbidden', 'no');
    expect(fromPostgres(known)).toBe(known);
  });

  test('of the server’s own statement is never the caller’s fault', () => {
    const error = reported('42P01');
    expect(fromOwnStatement(error)).toMatchObject({
      code: 'internal',
      message: 'A statement of the server failed',
      cause: error,
    });
    expect(fromOwnStatement(reported('57P01')).code).toBe('dependency_unavailable');
  });
});
