import { expect, test } from 'vitest';
import type { Observation } from '../../src/core/observation.ts';
import { createHistory } from '../../src/telemetry/history.ts';
import { handClock } from '../support/hand-clock.ts';

const called = (tool: string, durationMs: number, outcome: 'answered' | 'failed' | 'refused' = 'answered'): Observation => ({
  kind: 'tool_called',
  requestId: 'r',
  subject: 'somebody',
  tool,
  outcome,
  durationMs,
});
const refused = (message: string): Observation => ({
  kind: 'request_refused',
  requestId: 'r',
  code: 'forbidden',
  httpStatus: 403,
  message,
});

test('sums up the calls of each tool over the last hour, error paths as well', () => {
  const clock = handClock();
  const history = createHistory({ clock });
  for (let ms = 100; ms >= 1; ms -= 1) history.note(called('a', ms, ms === 7 ? 'failed' : ms === 8 ? 'refused' : 'answered'));
  history.note(called('b', 5));
  expect(history.durations()).toEqual(
    new Map([
      ['a', { calls: 100, failed: 1, refused: 1, minMs: 1, meanMs: 50.5, medianMs: 50, p95Ms: 95, p99Ms: 99, maxMs: 100 }],
      ['b', { calls: 1, failed: 0, refused: 0, minMs: 5, meanMs: 5, medianMs: 5, p95Ms: 5, p99Ms: 5, maxMs: 5 }],
    ]),
  );
  clock.advance(60 * 60_000 + 1);
  expect(history.durations()).toEqual(new Map());
  expect(history.hours(24)).toMatchObject([{ calls: 101, failed: 1, refused: 1 }]);
  expect(history.hours(1)).toEqual([]);
  clock.advance(24 * 60 * 60_000);
  history.note(called('a', 1));
  expect(history.hours(24)).toMatchObject([{ calls: 1 }]);
});

test('stays small whatever happens: 1,000 points a tool, 64 tools, 100 events', () => {
  const history = createHistory({ clock: handClock() });
  for (let call = 0; call < 2500; call += 1) history.note(called('a', call));
  for (let tool = 0; tool < 200; tool += 1) history.note(called(`tool ${tool}`, 1));
  for (let event = 0; event < 250; event += 1) history.note(refused(`no. ${event}`));
  expect(history.durations().size).toBe(64);
  expect(history.durations().get('a')).toMatchObject({ calls: 1000, minMs: 1500 });
  const events = history.events('request_refused');
  expect(events).toHaveLength(100);
  expect(events[0]).toMatchObject({ observation: { message: 'no. 249' } });
});

test('keeps one half of a refusal that was noted twice, and nothing secret of either', () => {
  const history = createHistory({ clock: handClock() });
  history.note({ ...refused('Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl is bad'), noted: true } as Observation);
  history.note(refused('postgres://zava:hunter2@db/zava is away'));
  history.note({ kind: 'server_stopped', reason: 'test' });
  const kept = history.events('request_refused');
  expect(kept).toHaveLength(1);
  expect(JSON.stringify(kept)).not.toMatch(/hunter2/);
});
