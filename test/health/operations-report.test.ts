import { expect, test } from 'vitest';
import { createOperationsReport, type OperationsOptions } from '../../src/health/operations-report.ts';
import { createHistory } from '../../src/telemetry/history.ts';
import { handClock } from '../support/hand-clock.ts';

function report(changes: Partial<OperationsOptions> = {}) {
  const clock = handClock();
  const history = createHistory({ clock });
  const operations = createOperationsReport({
    history,
    databaseAnswers: async () => true,
    load: () => ({ slots: 4, running: 1, waiting: 2 }),
    breakers: [{ name: 'database', state: () => 'half_open' }],
    version: '1.2.3',
    clock,
    ...changes,
  });
  return { history, operations };
}
const section = ({ sections }: { sections: readonly { title: string; rows: readonly unknown[] }[] }, title: string) =>
  sections.find((candidate) => candidate.title === title)?.rows;

test('the overview says what is, a database that is away as well', async () => {
  const overview = await report({ databaseAnswers: async () => false }).operations.overview();
  expect(overview.generated_at).toBe('2026-11-22T00:00:00.000Z');
  expect(section(overview, 'State')?.slice(0, 3)).toEqual([
    ['database', 'unhealthy'],
    ['circuit breaker: database', 'half_open'],
    ['version', '1.2.3'],
  ]);
  expect(section(overview, 'Connections')).toEqual([
    ['at most', 4],
    ['running', 1],
    ['waiting', 2],
  ]);
  expect(section(await report().operations.overview(), 'State')?.[0]).toEqual(['database', 'healthy']);
});

test('the performance page has calls, hours, slow queries without literals, and the cache where there is one', () => {
  const { history, operations } = report({ cache: () => ({ hits: 3, note: 'x', deep: {} }) });
  history.note({ kind: 'tool_called', requestId: 'r', subject: 's', tool: 'a', outcome: 'answered', durationMs: 12.34 });
  history.note({ kind: 'slow_query', fingerprint: 'f', text: 'SELECT $1', durationMs: 1234.56, rowCount: 7 });
  const performance = operations.performance(24);
  expect(section(performance, 'Calls of the last hour')).toEqual([['a', 1, 0, 0, 12.3, 12.3, 12.3, 12.3, 12.3, 12.3]]);
  expect(section(performance, 'Calls by hour')).toEqual([['2026-11-22T00:00:00.000Z', 1, 0, 0]]);
  expect(section(performance, 'Slow queries')).toEqual([['2026-11-22T00:00:00.000Z', 1234.6, 7, 'SELECT $1']]);
  expect(section(performance, 'Result cache')).toEqual([
    ['hits', 3],
    ['note', 'x'],
    ['deep', null],
  ]);
  expect(section(report().operations.performance(1), 'Result cache')).toBeUndefined();
});

test('refusals are told with who and why, faults with where', () => {
  const { history, operations } = report();
  history.note({ kind: 'access_refused', requestId: 'r1', step: 'token', code: 'unauthenticated', message: 'bad' });
  history.note({
    kind: 'request_refused',
    requestId: 'r2',
    code: 'forbidden',
    httpStatus: 403,
    message: 'no',
    subject: 'manager',
  });
  history.note({ kind: 'fault_met', requestId: 'r3', where: 'http', error: new Error('password=hunter2') });
  expect(section(operations.diagnostics(), 'Refused at the door')).toEqual([
    ['2026-11-22T00:00:00.000Z', 'unauthenticated', 'token', null, 'r1'],
  ]);
  expect(section(operations.diagnostics(), 'Refused requests')).toEqual([
    ['2026-11-22T00:00:00.000Z', 'forbidden', 403, 'manager', 'r2'],
  ]);
  expect(section(operations.alerts(), 'Faults')).toEqual([['2026-11-22T00:00:00.000Z', 'http', 'r3']]);
  expect(JSON.stringify([operations.alerts(), operations.diagnostics()])).not.toContain('hunter2');
});

test('the alerts page has every rule and what became of it, and says where nothing is evaluated', () => {
  const none = report().operations.alerts();
  expect(none.sections[0]).toMatchObject({ title: 'Alerts', note: expect.stringContaining('not an all-clear'), rows: [] });
  expect(section(none, 'What has happened')).toBeUndefined();
  const at = Date.UTC(2026, 10, 22, 1);
  const notice = {
    rule: 'query_flood',
    severity: 'medium',
    kind: 'firing',
    value: '7000 queries',
    labels: { subject: 'agent 7' },
  };
  const page = report({
    alerts: () => ({
      rules: [
        { rule: 'query_flood', severity: 'medium', state: 'firing', since: at, alerts: 2 },
        { rule: 'budget', severity: 'low', state: 'unknown', alerts: 0 },
      ],
      events: [
        {
          at,
          notice,
          told: 'channels',
          deliveries: new Map([
            ['log', 'sent'],
            ['slack', 'waiting'],
          ]),
        },
      ],
    }),
  }).operations.alerts();
  expect(section(page, 'Alerts')).toEqual([
    ['query_flood', 'medium', 'firing', '2026-11-22T01:00:00.000Z', 2],
    ['budget', 'low', 'unknown', null, 0],
  ]);
  expect(section(page, 'What has happened')).toEqual([
    [
      ...['2026-11-22T01:00:00.000Z', 'query_flood', 'medium', 'firing', 'subject: agent 7', '7000 queries', 'channels'],
      'log: sent, slack: waiting',
    ],
  ]);
});
