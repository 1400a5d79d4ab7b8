import { describe, expect, test } from 'vitest';
import type { TextRow } from '../../src/postgres/database.ts';
import { createReplayMark, parseLsn, toldFirst } from '../../src/postgres/replay-mark.ts';
import type { VersionsSink } from '../../src/postgres/table-listener.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A primary whose answers come when the test says so. */
function slowPrimary() {
  const asked: { answer: (lsn: string) => void; fail: () => void }[] = [];
  const query = () =>
    new Promise<TextRow[]>((resolve, reject) => {
      asked.push({
        answer: (lsn) => resolve([{ lsn, number: null, system: 'the cluster', timeline: '1' }]),
        fail: () => reject(new Error('the primary is away')),
      });
    });
  return { asked, query };
}

const versions = (orders: string) => new Map([['orders', orders]]);

describe('the mark', () => {
  function marked() {
    const { asked, query } = slowPrimary();
    let moved = 0;
    const mark = createReplayMark({ query }, () => {
      moved += 1;
    });
    const answer = async (lsn: string) => {
      asked.at(-1)?.answer(lsn);
      await turn();
    };
    return { ...mark, asked, answer, moved: () => moved };
  }

  test('is there once the versions are known and the primary has told its position', async () => {
    const { sink, current, answer, moved } = marked();
    expect(current()).toBeUndefined();
    sink.replaceAll(versions('1'));
    expect(current()).toBeUndefined();
    await answer('0/10');
    expect(current()).toEqual({ lsn: '0/10', position: 16n, system: 'the cluster', timeline: 1 });
    expect(moved()).toBe(1);
  });

  test('is gone in the very turn in which a change is heard of', async () => {
    const { sink, current, answer } = marked();
    sink.replaceAll(versions('1'));
    await answer('0/10');
    sink.changed('orders', '2');
    expect(current()).toBeUndefined();
    await answer('0/20');
    expect(current()?.lsn).toBe('0/20');
    sink.replaceAll(versions('3'));
    expect(current()).toBeUndefined();
  });

  test('is never a position that was asked for before the latest change', async () => {
    const { sink, current, asked, answer } = marked();
    sink.replaceAll(versions('1'));
    sink.changed('orders', '2');
    expect(asked).toHaveLength(1);
    await answer('0/10');
    expect(current()).toBeUndefined();
    expect(asked).toHaveLength(2);
    await answer('0/20');
    expect(current()?.lsn).toBe('0/20');
  });

  test('stays where nothing has changed', async () => {
    const { sink, current, asked, answer } = marked();
    sink.replaceAll(versions('1'));
    await answer('0/10');
    sink.replaceAll(versions('1'));
    sink.changed('orders', '1');
    expect(current()?.lsn).toBe('0/10');
    expect(asked).toHaveLength(1);
  });

  test('is gone with the listener, also for a question that is on its way', async () => {
    const { sink, current, answer, moved } = marked();
    sink.replaceAll(versions('1'));
    sink.lost();
    expect(moved()).toBe(1);
    await answer('0/10');
    await answer('0/10');
    expect(current()).toBeUndefined();
  });

  test('is asked for again where the primary did not tell it', async () => {
    const { sink, current, asked, answer } = marked();
    sink.replaceAll(versions('1'));
    asked[0]?.fail();
    await turn();
    expect(current()).toBeUndefined();
    sink.replaceAll(versions('1'));
    await answer('');
    expect(current()).toBeUndefined();
    sink.replaceAll(versions('1'));
    await answer('0/30');
    expect(current()?.lsn).toBe('0/30');
  });
});

test('who must know first is told first', () => {
  const told: string[] = [];
  const sink = (name: string): VersionsSink => ({
    replaceAll: () => void told.push(`${name} all`),
    changed: () => void told.push(`${name} changed`),
    lost: () => void told.push(`${name} lost`),
  });
  const both = toldFirst(sink('a'), sink('b'));
  both.replaceAll(versions('1'));
  both.changed('orders', '2');
  both.lost();
  expect(told).toEqual(['a all', 'b all', 'a changed', 'b changed', 'a lost', 'b lost']);
});

describe('a position in the log', () => {
  test('is a number of 64 bits', () => {
    expect(parseLsn('0/0')).toBe(0n);
    expect(parseLsn('16/B374D848')).toBe(0x16b374d848n);
    expect(parseLsn('1/0') > parseLsn('0/FFFFFFFF')).toBe(true);
  });

  test.each(['', '1', '1/2/3', 'G/0', '1/123456789'])('is not %j', (text) => {
    expect(() => parseLsn(text)).toThrow('is no position in a log');
  });
});
