import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createLogSink, type LogLevel } from '../../src/telemetry/log-sink.ts';

function logged(observations: Observation[], level?: LogLevel) {
  const stream = new PassThrough();
  const note = createLogSink({ stream, clock: { now: () => 0, monotonic: () => 0 }, ...(level && { level }) });
  for (const observation of observations) note(observation);
  const text = String(stream.read() ?? '');
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

const started: Observation = { kind: 'server_started', transport: 'http', version: '1', address: 'http://127.0.0.1:8000' };
const called: Observation = { kind: 'tool_called', requestId: 'r', subject: 's', tool: 't', outcome: 'answered', durationMs: 4 };

test('one JSON object a line, with time, level and event first', () => {
  const { text } = logged([started]);
  expect(text).toBe(
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"server_started","transport":"http","version":"1","address":"http://127.0.0.1:8000"}\n',
  );
});

test('a line break in a value forges no line', () => {
  const message = 'x\n{"level":"info","event":"tool_called"}';
  const { lines } = logged([{ kind: 'request_refused', requestId: 'r', code: 'forbidden', httpStatus: 403, message }]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'warn', message });
});

test('failures stand out, and the least level holds the rest back', () => {
  const failed: Observation = { ...called, outcome: 'failed', code: 'internal' };
  const slow: Observation = { kind: 'slow_query', fingerprint: 'f', text: 'SELECT ?', durationMs: 1200, rowCount: 1 };
  expect(logged([called, failed, slow]).lines.map((line) => line.level)).toEqual(['info', 'warn', 'warn']);
  expect(logged([called, failed, started], 'warn').lines).toHaveLength(1);
  expect(logged([called, failed], 'error').lines).toHaveLength(0);
});

test('a fault is told with its causes, and with nothing else that it carries', () => {
  const driver = Object.assign(new Error('connection lost'), { code: 'ECONNRESET', parameters: ['Jane Doe'] });
  const error = new AppError('dependency_unavailable', 'The database does not answer', { cause: driver });
  const { lines, text } = logged([{ kind: 'fault_met', requestId: 'r', where: 'execute_sales_query', error }]);
  expect(lines[0]).toMatchObject({
    level: 'error',
    error: {
      code: 'dependency_unavailable',
      cause: { message: 'connection lost', code: 'ECONNRESET', stack: expect.stringContaining('log-sink.test.ts') },
    },
  });
  expect(text).not.toContain('Jane');
});

test('causes that go round in a circle end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(logged([{ kind: 'fault_met', where: 'x', error }]).lines).toHaveLength(1);
});

test('a line of every call may wait for company; a fault and a stop do not', () => {
  const flushed: string[] = [];
  let last = '';
  const stream = {
    write: (line: string) => {
      last = JSON.parse(line).event;
    },
    flush: () => flushed.push(last),
  };
  const note = createLogSink({ stream, clock: systemClock });
  note({ kind: 'request_refused', requestId: 'r', code: 'forbidden', httpStatus: 403, message: 'm' });
  note({ kind: 'fault_met', where: 'x', error: new Error('x') });
  note({ kind: 'server_stopped', reason: 'x' });
  expect(flushed).toEqual(['fault_met', 'server_stopped']);
});

test('the statement of a call is not logged', () => {
  const lines: string[] = [];
  const note = createLogSink({ stream: { write: (line) => lines.push(line) }, clock: systemClock });
  note({
    kind: 'tool_called',
    requestId: 'r',
    subject: 's',
    tool: 't',
    outcome: 'answered',
    durationMs: 1,
    statement: "SELECT 'Jane'",
    rowCount: 1,
  });
  expect(lines.join('')).not.toContain('Jane');
  expect(lines.join('')).toContain('"rowCount":1');
});
