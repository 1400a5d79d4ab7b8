import { connect, createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { judgeSearch } from '../../bench/chaos/callers.mjs';
// @ts-expect-error plain JavaScript, without types
import { chaosReport } from '../../bench/chaos/report.mjs';
// @ts-expect-error plain JavaScript, without types
import { alertsOf, auditOf, verdictOn } from '../../bench/chaos/verdict.mjs';
// @ts-expect-error plain JavaScript, without types
import { startDatabaseLine } from '../../bench/load/database-line.mjs';

const told = (requestId: string, at: number, replica = 'a', outcome = 'right') => ({ requestId, at, ms: 5, replica, outcome });
const notice = (rule: string, kind: string) => ({ rule, kind, severity: 'high', about: {}, at: 5 });
const fault = { name: 'kill Redis', rule: 'redis_down', from: 0, fired: 2000, ended: 3000, until: 5000 };
const sound = { answered: 1, missingInWindow: 0, lost: 0, twice: 0 };

test('an answered call without a record is lost, unless its server was killed in that moment', () => {
  const audited = new Map([
    ['1', 1],
    ['2', 2],
  ]);
  const killed = [{ replica: 'b', at: 10_000 }];
  const all = [
    told('1', 1),
    told('2', 1),
    told('3', 9500, 'b'),
    told('4', 5000, 'b'),
    told('5', 9500, 'a'),
    told('6', 1, 'a', 'cut off'),
  ];
  expect(auditOf(audited, all, killed)).toEqual({ answered: 5, missingInWindow: 1, lost: 2, twice: 1 });
});

test('a fault that is told of twice, or whose end is not told, is a complaint; what is told besides is only listed', () => {
  const judge = (...notices: object[]) => {
    const alerts = alertsOf(notices, [fault]);
    return verdictOn({ alerts, told: [told('1', 1)], audit: sound, timeline: [fault] }).complaints;
  };
  const [firing, resolved] = [notice('redis_down', 'firing'), notice('redis_down', 'resolved')];
  expect(judge(firing, resolved, notice('high_error_rate', 'firing'))).toEqual([]);
  expect(judge(firing, notice('redis_down', 'reminder'), resolved)).toEqual([]);
  expect(judge(firing)).toEqual(['redis_down fired 1 times and was resolved 0 times']);
  expect(judge(firing, firing, resolved)).toEqual(['redis_down fired 2 times and was resolved 1 times']);
});

test('a wrong answer, a failure that nobody may be told and a lost record are complaints', () => {
  const alerts = { expected: [], others: [] };
  const verdict = (calls: object[], audit = sound) => verdictOn({ alerts, told: calls, audit, timeline: [] });
  expect(verdict([told('1', 1)])).toEqual({ held: true, complaints: [] });
  expect(verdict([]).complaints).toEqual(['no call was answered']);
  const bad = [told('1', 1), { ...told('2', 1), outcome: 'wrong', code: 'other values', said: '[]' }];
  expect(
    verdict([...bad, { ...told('3', 1), outcome: 'unexpected', code: 'internal', said: '{}' }], { ...sound, lost: 2 }),
  ).toEqual({
    held: false,
    complaints: ['wrong answer: other values: []', 'unexpected failure: internal: {}', '2 answered calls have no audit record'],
  });
});

test('the report has a line for each fault, and says whether it held', () => {
  const calls = [told('1', 1000), { ...told('2', 2000), outcome: 'refused', code: 'circuit_open' }];
  const alerts = alertsOf(
    [notice('redis_down', 'firing'), notice('redis_down', 'resolved'), notice('breaker_open', 'firing')],
    [fault],
  );
  const run = { minutes: 0.5, pace: { everyMs: 1000, speedUp: 60 }, timeline: [fault], told: calls, audit: sound, alerts };
  const text: string = chaosReport({ ...run, held: true, complaints: [] });
  expect(text).toContain('**It held.**');
  expect(text).toContain('| kill Redis | `redis_down` | 2.0 | 3.0 | 2.0 | 1 / 1 | 2 | 0 | refused: circuit_open 1 |');
  expect(text).toContain('Told besides: `breaker_open` 1 / 0.');
  expect(chaosReport({ ...run, held: false, complaints: ['no call was answered'] })).toContain('- no call was answered');
});

test('a found product is ours, at its price, or the answer is wrong', () => {
  const products = new Map([['H1', { name: 'Hammer', price: 12.5 }]]);
  const columns = ['sku', 'product_name', 'price'].map((name) => ({ name }));
  const answer = (rows: unknown[][]) => Buffer.from(JSON.stringify({ result: { structuredContent: { columns, rows } } }));
  expect(judgeSearch(products, 200, answer([['H1', 'Hammer', 12.5]]))).toEqual({});
  for (const rows of [[], [['H1', 'Hammer', 13]], [['H2', 'Hammer', 12.5]], [['H1', 'Saw', 12.5]]])
    expect(judgeSearch(products, 200, answer(rows))).toMatchObject({ code: 'wrong' });
  expect(judgeSearch(products, 502, Buffer.from('<html>'))).toMatchObject({ code: 'unreadable' });
  const failed = Buffer.from(JSON.stringify({ result: { isError: true, content: [{ text: '{"code":"overloaded"}' }] } }));
  expect(judgeSearch(products, 200, failed)).toMatchObject({ code: 'overloaded' });
});

let echo: Server | undefined;
afterEach(() => echo?.close());

test('a slow line brings everything, later and in order, also when it becomes fast again', async () => {
  echo = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo?.listen(0, '127.0.0.1', resolve));
  const line = await startDatabaseLine({ host: '127.0.0.1', port: (echo.address() as { port: number }).port });
  const socket = connect(line.port, '127.0.0.1');
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  line.slow(150);
  const begun = performance.now();
  socket.write('first ');
  await expect.poll(() => heard, { interval: 5 }).toBe('first ');
  expect(performance.now() - begun).toBeGreaterThanOrEqual(145);
  socket.write('second ');
  await new Promise((resolve) => setTimeout(resolve, 50));
  line.slow(0);
  socket.write('third');
  await expect.poll(() => heard, { interval: 5 }).toBe('first second third');
  socket.destroy();
  line.stop();
});
