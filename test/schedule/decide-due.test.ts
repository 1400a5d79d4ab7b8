import { expect, test } from 'vitest';
import { decideDue, type LatestRun } from '../../src/schedule/decide-due.ts';

const policy = { mostAttempts: 3, retryAfterMs: 60_000 };
const run = (state: LatestRun['state'], more: Partial<LatestRun> = {}): LatestRun => ({
  slot: 100,
  attempt: 1,
  state,
  endedAgoMs: 0,
  ...more,
});
const again = { what: 'run', slot: 100, attempt: 1 };
const nothing = { what: 'nothing' };

test.each([
  ['a job that is new owes nothing of the time before', undefined, { what: 'begin', slot: 100 }],
  ['what runs is left to run', run('running'), nothing],
  ['what runs is left to run, also over the next time', run('running', { slot: 50 }), nothing],
  ['what is done is done', run('settled'), nothing],
  ['a run after the time counts for it', run('settled', { slot: 101 }), nothing],
  ['of all missed times only the latest is owed', run('settled', { slot: 10 }), { what: 'run', slot: 100, attempt: 0 }],
  ['a run that broke off is taken up at once', run('broken_off'), again],
  ['one that failed only after a while', run('failed', { endedAgoMs: 59_999 }), nothing],
  ['but then it is', run('failed', { endedAgoMs: 60_000 }), again],
  ['what breaks off again and again is given up', run('broken_off', { attempt: 3 }), nothing],
  ['what fails again and again is given up', run('failed', { attempt: 3, endedAgoMs: 1e9 }), nothing],
  ['a new time is a new chance', run('failed', { slot: 10, attempt: 3 }), { what: 'run', slot: 100, attempt: 0 }],
])('%s', (_sentence, latest, due) => {
  expect(decideDue(100, latest, policy)).toEqual(due);
});
