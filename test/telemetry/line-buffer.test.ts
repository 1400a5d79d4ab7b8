import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLineBuffer } from '../../src/telemetry/line-buffer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function buffered(maxLength?: number) {
  const writes: string[] = [];
  const target = { write: (lines: string) => writes.push(lines) };
  return { writes, buffer: createLineBuffer({ target, holdMs: 20, ...(maxLength === undefined ? {} : { maxLength }) }) };
}

test('lines of a few milliseconds are one write, in their order', () => {
  const { writes, buffer } = buffered();
  buffer.write('a\n');
  vi.advanceTimersByTime(19);
  buffer.write('b\n');
  expect(writes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(writes).toEqual(['a\nb\n']);
  vi.advanceTimersByTime(100);
  expect(writes).toHaveLength(1);
});

test('a flush writes at once, and only what waits', () => {
  const { writes, buffer } = buffered();
  buffer.flush();
  buffer.write('a\n');
  buffer.flush();
  buffer.flush();
  vi.advanceTimersByTime(100);
  expect(writes).toEqual(['a\n']);
});

test('many lines do not wait', () => {
  const { writes, buffer } = buffered(4);
  buffer.write('a\n');
  buffer.write('b\n');
  expect(writes).toEqual(['a\nb\n']);
  buffer.write('c\n');
  vi.advanceTimersByTime(20);
  expect(writes).toEqual(['a\nb\n', 'c\n']);
});
