import { expect, test } from 'vitest';
import type { Observation } from '../../../src/core/observation.ts';
import type { RecordedRequest } from '../../../src/telemetry/traces/recorded-request.ts';
import { spanTree } from '../../../src/telemetry/traces/trace.ts';
import { createTraceRecorder } from '../../../src/telemetry/traces/trace-recorder.ts';
import { formatTrace, traceReport } from '../../../src/telemetry/traces/trace-report.ts';
import { handClock } from '../../support/hand-clock.ts';

const sql = 'SELECT 4711';
const ran = (requestId: string, changes: Partial<Extract<Observation, { kind: 'statement_ran' }>> = {}): Observation => ({
  ...{ kind: 'statement_ran', login: 'reader', requestId, outcome: 'answered', durationMs: 30, rowCount: 2, statement: sql },
  ...changes,
});
const called = (requestId: string, changes: Partial<Extract<Observation, { kind: 'tool_called' }>> = {}): Observation => ({
  ...{ kind: 'tool_called', requestId, subject: 'ann', tool: 'execute_sales_query', outcome: 'answered', durationMs: 40 },
  arguments: JSON.stringify({ postgresql_query: sql }),
  ...changes,
});
const answered = (requestId: string, changes: Partial<Extract<Observation, { kind: 'request_answered' }>> = {}): Observation => ({
  ...{ kind: 'request_answered', requestId, transport: 'http', method: 'tools/call', outcome: 'answered', durationMs: 50 },
  httpStatus: 200,
  ...changes,
});

function recorder(options: Partial<Parameters<typeof createTraceRecorder>[0]> = {}) {
  const clock = handClock();
  const told: RecordedRequest[] = [];
  const traces = createTraceRecorder({ clock, onRequest: (one) => told.push(one), ...options });
  const note = (...observations: Observation[]) => {
    for (const one of observations) {
      clock.advance(5);
      traces.note(one);
    }
  };
  return { note, told, find: traces.find };
}

test('what was noted under one request id becomes one tree, each span inside its parent', () => {
  const { note, told } = recorder();
  note(ran('r'), ran('r'), ran('other'), called('r'), answered('r'));
  const root = spanTree(told[0]!, 'zava');
  expect(root).toMatchObject({ name: 'POST /mcp', kind: 'request', durationMs: 50 });
  const [message] = root.children;
  expect(message).toMatchObject({ name: 'tools/call execute_sales_query', durationMs: 40 });
  expect(message?.children.map(({ name }) => name)).toEqual(['SELECT zava', 'SELECT zava']);
  expect(message!.startMs).toBeGreaterThanOrEqual(root.startMs);
  expect(told).toHaveLength(1);
});

test('what callers wrote is kept where the operator wants it, and nowhere else', () => {
  for (const withContent of [false, true]) {
    const { note, told } = recorder({ withContent });
    note(ran('r'), called('r'), answered('r'));
    expect(JSON.stringify(told).includes('4711')).toBe(withContent);
    expect(JSON.stringify(told)).not.toContain('ann');
  }
});

test('a call that became a task is told when it ends, under the request that began it', () => {
  const { note, told, find } = recorder();
  note(answered('r'), ran('r'), called('r', { durationMs: 9000 }));
  expect(told).toHaveLength(2);
  expect(spanTree(told[1]!, 'zava')).toMatchObject({ name: 'tools/call execute_sales_query', durationMs: 9000 });
  expect(spanTree(find('r')!, 'zava')).toMatchObject({ durationMs: 9000, children: [{ name: 'SELECT zava' }] });
});

test('the last thousand are kept, and what never ends takes no more memory than so many', () => {
  const { note, find } = recorder();
  for (let call = 0; call < 3000; call += 1) note(called(`never-${call}`));
  for (let call = 0; call < 1500; call += 1) note(answered(`r-${call}`));
  expect(find('r-499')).toBeUndefined();
  expect(find('r-500')).toBeDefined();
  expect(find('never-0')).toBeUndefined();
});

test('refusals and failures are said', () => {
  const { note, find } = recorder();
  note(answered('r', { outcome: 'refused', code: 'forbidden', httpStatus: 403 }));
  note(answered('f', { outcome: 'failed', httpStatus: 503, code: 'overloaded' }), answered('u', { method: undefined }));
  expect(spanTree(find('r')!, 'zava')).toMatchObject({ error: undefined, children: [{ error: 'forbidden' }] });
  expect(spanTree(find('f')!, 'zava')).toMatchObject({ error: 'overloaded' });
  expect(spanTree(find('u')!, 'zava').children[0]?.name).toBe('unreadable message');
});

test('on stdio the message is the root, over a pipe', () => {
  const { note, find } = recorder();
  note(called('r'), answered('r', { transport: 'stdio', httpStatus: undefined }));
  expect(spanTree(find('r')!, 'zava')).toMatchObject({ kind: 'message', attributes: { 'network.transport': 'pipe' } });
});

test('a report names the bottleneck and nothing that was asked', () => {
  const { note, find } = recorder({ withContent: true });
  note(ran('r', { durationMs: 2500, outcome: 'query_timeout' }), called('r', { durationMs: 2600, code: 'query_timeout' }));
  note(answered('r', { durationMs: 2610 }));
  const report = traceReport('r', spanTree(find('r')!, 'zava'));
  const text = formatTrace(report);
  expect(text).not.toContain('4711');
  expect(text).toMatch(
    /^request r, 2026-.*\nPOST \/mcp {2}2610 ms\n {2}tools\/call execute_sales_query {2}2600 ms, failed: query_timeout\n/,
  );
  expect(text).toContain('    SELECT zava  2500 ms, 2 rows, failed: query_timeout\n');
  expect(report.hints).toContainEqual(expect.stringMatching(/^96 % of the time went to PostgreSQL/));
});

test('a slow request whose statements were quick points elsewhere, and many statements are told', () => {
  const { note, find } = recorder();
  note(...Array.from({ length: 6 }, () => ran('r')), called('r', { durationMs: 3000 }), answered('r', { durationMs: 3000 }));
  const { hints } = traceReport('r', spanTree(find('r')!, 'zava'));
  expect(hints).toEqual([expect.stringMatching(/^PostgreSQL took 6 % of the time/), '6 statements for one request']);
});
