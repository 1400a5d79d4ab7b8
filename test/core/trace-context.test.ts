import { expect, test } from 'vitest';
import { readTraceContext } from '../../src/core/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

test('a trace context is read with its flags and state', () => {
  expect(readTraceContext(`00-${traceId}-${spanId}-01`, 'vendor=1')).toEqual({
    traceId,
    spanId,
    sampled: true,
    state: 'vendor=1',
  });
  expect(readTraceContext(`00-${traceId}-${spanId}-00`)).toEqual({ traceId, spanId, sampled: false });
  expect(readTraceContext(`cc-${traceId}-${spanId}-03-later`)).toEqual({ traceId, spanId, sampled: true });
});

test.each([
  ['nothing', undefined],
  ['a number', 7],
  ['capitals', `00-${traceId.toUpperCase()}-${spanId}-01`],
  ['the version that is forbidden', `ff-${traceId}-${spanId}-01`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['version 00 with more than it has', `00-${traceId}-${spanId}-01-more`],
  ['a line break', `00-${traceId}-${spanId}-01\n`],
  ['a long text', `cc-${traceId}-${spanId}-01-${'x'.repeat(200)}`],
])('%s is none', (_what, text) => {
  expect(readTraceContext(text)).toBeUndefined();
});

test('a state that is too long, or none, is left out', () => {
  expect(readTraceContext(`00-${traceId}-${spanId}-01`, 'x'.repeat(513))).not.toHaveProperty('state');
  expect(readTraceContext(`00-${traceId}-${spanId}-01`, 7)).not.toHaveProperty('state');
});
