import { describe, expect, test } from 'vitest';
import { createCallerWatch } from '../../src/alerts/caller-watch.ts';
import { createCountingWindow, createDistinctWindow } from '../../src/alerts/sliding-windows.ts';
import { handClock } from '../support/hand-clock.ts';

const minute = 60_000;

function watch() {
  const clock = handClock();
  return { clock, ...createCallerWatch({ clock }) };
}
const refused = { kind: 'access_refused', requestId: 'r', code: 'unauthenticated', message: 'bad' } as const;
const foreign = {
  kind: 'access_refused',
  requestId: 'r',
  step: 'scope',
  code: 'forbidden',
  message: 'no',
  subject: 'jane',
} as const;

test('failures count by subject where a token was good, or else by address, each once', () => {
  const { note, facts, clock } = watch();
  for (let times = 0; times < 3; times += 1) note({ ...refused, step: 'token', peer: '10.0.0.9' });
  note({ ...refused, step: 'revocation', subject: 'jane', peer: '10.0.0.9' });
  note({ kind: 'request_refused', requestId: 'r', code: 'unauthenticated', httpStatus: 401, message: '', peer: '10.0.0.9' });
  note({
    kind: 'request_refused',
    requestId: 'r',
    code: 'unauthenticated',
    httpStatus: 401,
    message: '',
    peer: '10.0.0.9',
    noted: true,
  });
  note({ kind: 'request_refused', requestId: 'r', code: 'forbidden', httpStatus: 403, message: '', peer: '10.0.0.9' });
  note({ ...refused, step: 'token' });
  expect(facts('failures_of_one_caller')).toEqual([
    { labels: { caller: 'address 10.0.0.9' }, value: 4 },
    { labels: { caller: 'subject jane' }, value: 1 },
  ]);
  clock.advance(6 * minute);
  expect(facts('failures_of_one_caller')).toEqual([]);
});

test('one network of IPv6 is one caller, however many addresses it uses', () => {
  const { note, facts } = watch();
  for (let host = 1; host <= 9; host += 1) note({ ...refused, step: 'token', peer: `2001:db8:1:2::${host}` });
  expect(facts('failures_of_one_caller')).toEqual([{ labels: { caller: 'address 2001:db8:1:2::/64' }, value: 9 }]);
});

test('addresses and refused tenants count once each, within an hour', () => {
  const { note, facts, clock } = watch();
  for (const peer of ['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.3']) {
    note({ kind: 'caller_recognised', requestId: 'r', subject: 'jane', peer });
    clock.advance(25 * minute);
  }
  expect(facts('addresses_of_one_subject')).toEqual([{ labels: { subject: 'jane' }, value: 2 }]);
  for (const tenantKey of ['a', 'b', 'a']) note({ ...foreign, tenantKey });
  note(foreign);
  expect(facts('refused_tenants_of_one_subject')).toEqual([{ labels: { subject: 'jane' }, value: 2 }]);
});

test('queries count by subject, refused ones not', () => {
  const { note, facts } = watch();
  const call = { kind: 'tool_called', requestId: 'r', tool: 't', durationMs: 1 } as const;
  for (let times = 0; times < 6001; times += 1) note({ ...call, subject: 'jane', outcome: 'answered' });
  note({ ...call, subject: 'joe', outcome: 'failed' });
  note({ ...call, subject: 'joe', outcome: 'refused' });
  note({ kind: 'server_stopped', reason: 'x' });
  expect(facts('queries_of_one_subject')).toEqual([
    { labels: { subject: 'jane' }, value: 6001 },
    { labels: { subject: 'joe' }, value: 1 },
  ]);
  expect(facts('isolation_broken')).toBeUndefined();
});

describe('windows', () => {
  test('hold so many names and no more, whoever makes them up', () => {
    const clock = handClock();
    const counts = createCountingWindow({ clock, windowMs: minute, mostKeys: 3 });
    const values = createDistinctWindow({ clock, windowMs: minute, mostKeys: 3 });
    for (let name = 0; name < 100; name += 1) {
      counts.add(`name ${name}`);
      for (let value = 0; value < 50; value += 1) values.add(`name ${name}`, `value ${value}`);
    }
    expect(counts.worst()).toHaveLength(3);
    expect(values.worst().map(({ value }) => value)).toEqual([32, 32, 32]);
  });

  test('move on slice by slice', () => {
    const clock = handClock();
    const counts = createCountingWindow({ clock, windowMs: minute });
    for (let second = 0; second < 300; second += 1) {
      counts.add('steady');
      clock.advance(1000);
    }
    const [{ value } = { value: 0 }] = counts.worst();
    expect(value).toBeGreaterThanOrEqual(55);
    expect(value).toBeLessThanOrEqual(65);
  });
});
