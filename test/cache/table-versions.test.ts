import { describe, expect, test } from 'vitest';
import { createTableVersions } from '../../src/cache/table-versions.ts';
import type { SchemaDefinition } from '../../src/core/schema-definition.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { handClock } from '../support/hand-clock.ts';

/** `a`'s policies read `b`, whose policies read `c`, whose policies read `a`. */
const circle = {
  relations: [
    { name: 'a', policyReads: ['b'] },
    { name: 'b', policyReads: ['c'] },
    { name: 'c', policyReads: ['a'] },
    { name: 'd', policyReads: [] },
  ],
} as unknown as SchemaDefinition;
const all = (versions: Record<string, string>) => new Map(Object.entries(versions));

describe('Table versions', () => {
  test('are unknown until they have been read', () => {
    const versions = createTableVersions({ definition: circle, clock: handClock() });
    expect(versions.stamp(['d'])).toBeUndefined();
    versions.changed('d', '4');
    expect(versions.stamp(['d'])).toBeUndefined();
    versions.replaceAll(all({ d: '4' }));
    expect(versions.stamp(['d'])).toBe('[["d","4"]]');
    expect(versions.trusted()).toBe(true);
  });

  test('of a relation include the tables that its policies read, to the end', () => {
    const versions = createTableVersions({ definition: circle, clock: handClock() });
    versions.replaceAll(all({ a: '1', b: '2', c: '3', d: '4' }));
    expect(versions.stamp(['a'])).toBe('[["a","1"],["b","2"],["c","3"]]');
    expect(versions.stamp(['d', 'a'])).toBe(versions.stamp(['a', 'd', 'a']));
    expect(versions.stamp([])).toBe('[]');
    const before = versions.stamp(['a']);
    versions.changed('d', '5');
    expect(versions.stamp(['a'])).toBe(before);
    versions.changed('c', '4');
    expect(versions.stamp(['a'])).not.toBe(before);
  });

  test('customers change with orders', () => {
    const versions = createTableVersions({ definition: retailDefinition, clock: handClock() });
    versions.replaceAll(all({ customers: '1', orders: '1' }));
    const before = versions.stamp(['customers']);
    versions.changed('orders', '2');
    expect(versions.stamp(['customers'])).not.toBe(before);
  });

  test('a table that nobody watches cannot be stamped', () => {
    const versions = createTableVersions({ definition: circle, clock: handClock() });
    versions.replaceAll(all({ d: '1' }));
    expect(versions.stamp(['unheard_of'])).toBeUndefined();
    expect(versions.stamp(['d', 'unheard_of'])).toBeUndefined();
  });

  test('are trusted no longer once their source is lost, and again when all are read anew', () => {
    const versions = createTableVersions({ definition: circle, clock: handClock() });
    versions.replaceAll(all({ d: '7' }));
    versions.lost();
    expect(versions.stamp(['d'])).toBeUndefined();
    expect(versions.lastStamp(['d'])).toBe('[["d","7"]]');
    versions.changed('d', '8');
    expect(versions.stamp(['d'])).toBeUndefined();
    // A restored database can be behind what was known.
    versions.replaceAll(all({ d: '3' }));
    expect(versions.stamp(['d'])).toBe('[["d","3"]]');
  });

  test('tell how often and how long ago tables changed', () => {
    const clock = handClock();
    const versions = createTableVersions({ definition: circle, clock });
    versions.replaceAll(all({ a: '1', b: '1', c: '1', d: '1' }));
    clock.advance(60_000);
    expect(versions.meanQuietMs(['a'])).toBe(60_000);
    expect(versions.quietMs(['a'])).toBe(60_000);
    for (const version of ['2', '3', '3', '4']) versions.changed('c', version);
    clock.advance(30_000);
    expect(versions.meanQuietMs(['a'])).toBe(30_000);
    expect(versions.quietMs(['a', 'd'])).toBe(30_000);
    expect(versions.meanQuietMs(['d'])).toBe(90_000);
    versions.replaceAll(all({ a: '1', b: '1', c: '1', d: '2' }));
    expect(versions.quietMs(['d'])).toBe(0);
    expect(versions.quietMs(['unheard_of'])).toBe(90_000);
    expect(versions.meanQuietMs(['unheard_of', 'd'])).toBe(90_000);
  });
});

test('who wants to hear of changes hears of each once it is known, and of none that was there at first', () => {
  const heard: [string, string | undefined][] = [];
  const versions = createTableVersions({
    definition: retailDefinition,
    clock: handClock(),
    onChange: (table) => heard.push([table, versions.stamp(['categories'])]),
  });
  versions.replaceAll(new Map([['categories', '1']]));
  versions.changed('categories', '1');
  versions.changed('categories', '2');
  versions.lost();
  versions.replaceAll(new Map([['categories', '3']]));
  expect(heard).toEqual([
    ['categories', JSON.stringify([['categories', '2']])],
    ['categories', JSON.stringify([['categories', '3']])],
  ]);
});
