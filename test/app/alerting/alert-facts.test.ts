import { describe, expect, test } from 'vitest';
import { createAlertFacts, type Look } from '../../../src/app/alerting/alert-facts.ts';
import type { Observation } from '../../../src/core/observation.ts';
import { handClock } from '../../support/hand-clock.ts';

function factsWith(look: Look, everyMs = 60_000) {
  const clock = handClock();
  const noted: Observation[] = [];
  const facts = createAlertFacts({
    callers: { facts: (name) => (name === 'queries_of_one_subject' ? [] : undefined) },
    looks: { isolation_broken: { everyMs, look } },
    clock,
    note: (observation) => noted.push(observation),
  });
  return { clock, noted, ...facts };
}

describe('what is found out by looking', () => {
  test('is unknown before, and looked at again when it is time', async () => {
    let looks = 0;
    const { facts, look, clock } = factsWith(async () => looks++);
    expect(facts('isolation_broken')).toBeUndefined();
    for (let turn = 0; turn < 5; turn += 1) {
      await look();
      clock.advance(15_000);
    }
    expect([looks, facts('isolation_broken')]).toEqual([2, [{ labels: {}, value: 1 }]]);
  });

  test('is unknown again when looking fails, is noted once, and is tried again soon', async () => {
    const hourMs = 3_600_000;
    let fails = false;
    let looks = 0;
    const { facts, look, clock, noted } = factsWith(async () => {
      looks += 1;
      if (fails) throw new Error('the database is away');
      return 0;
    }, hourMs);
    await look();
    fails = true;
    clock.advance(hourMs);
    await look();
    expect(facts('isolation_broken')).toBeUndefined();
    clock.advance(300_000);
    await look();
    expect(noted).toMatchObject([{ kind: 'fault_met', where: 'alert fact isolation_broken' }]);
    fails = false;
    clock.advance(300_000);
    await look();
    expect([looks, facts('isolation_broken')]).toEqual([4, [{ labels: {}, value: 0 }]]);
  });

  test('is unknown where it cannot be found out', async () => {
    const { facts, look } = factsWith(async () => undefined);
    await look();
    expect(facts('isolation_broken')).toBeUndefined();
  });

  test('is not waited for by a server that stops, nor are its failures told', async () => {
    let fail = (_error: Error) => {};
    const { look, close, noted } = factsWith(() => new Promise((_resolve, reject) => (fail = reject)));
    const turn = look();
    close();
    await turn;
    fail(new Error('the database is closed'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(noted).toEqual([]);
  });

  test('holds up no turn: it is known in the one after', async () => {
    let done = (_value: number) => {};
    const { facts, look } = factsWith(() => new Promise((resolve) => (done = resolve)), 0);
    const turn = look();
    done(3);
    await turn;
    expect(facts('isolation_broken')).toEqual([{ labels: {}, value: 3 }]);
  });
});

test('the rest is what callers were seen to do', () => {
  const { facts } = factsWith(async () => 0);
  expect(facts('queries_of_one_subject')).toEqual([]);
  expect(facts('addresses_of_one_subject')).toBeUndefined();
});
