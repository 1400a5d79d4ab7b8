import { expect, test } from 'vitest';
import { createCrashReport } from '../../src/telemetry/crash-report.ts';

test('one masked line, then the end', () => {
  const lines: string[] = [];
  const codes: number[] = [];
  const report = createCrashReport({
    write: (line) => lines.push(line),
    exit: (code) => codes.push(code),
    clock: { now: () => 0, monotonic: () => 0 },
  });
  report(Object.assign(new Error('password=hunter2'), { parameters: ['Jane Doe'] }), 'unhandledRejection');
  report('not even an error');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'error',
      event: 'crashed',
      origin: 'unhandledRejection',
      error: { name: 'Error', message: 'password=***', stack: expect.any(String) },
    },
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'error',
      event: 'crashed',
      origin: 'uncaughtException',
      error: 'not even an error',
    },
  ]);
  expect(lines.join('')).not.toMatch(/hunter2|Jane/);
  expect(codes).toEqual([1, 1]);
});
