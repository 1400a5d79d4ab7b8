import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CacheKeyParts, cacheKey, schemaVersion } from '../../src/cache/cache-key.ts';
import { readerRoleFor } from '../../src/core/schema-definition.ts';
import { createGuard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';

/** Few letters, so that parts that could be confused meet often. */
const text = fc.string({ unit: fc.constantFrom('a', 'A', '1', ':', '|', ',', ' ', '"', '\u0000', 'é'), maxLength: 6 });
const tenantIds = fc.uniqueArray(fc.integer({ min: 0, max: 130 }), { maxLength: 4 });
const parameter = fc.record({ type: text, value: fc.option(text) });
const parts: fc.Arbitrary<CacheKeyParts> = fc.record({
  namespace: text,
  schemaVersion: text,
  reader: text,
  tenantIds,
  kind: text,
  text,
  parameters: fc.array(parameter, { maxLength: 3 }),
});
const meaning = (of: CacheKeyParts) => JSON.stringify({ ...of, tenantIds: of.tenantIds.toSorted((a, b) => a - b) });

describe('A cache key', () => {
  test('is the same for two questions exactly when they mean the same', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(cacheKey(a) === cacheKey(b)).toBe(meaning(a) === meaning(b));
      }),
      { numRuns: 2000 },
    );
  });

  test('differs whenever one field does', () => {
    const field = fc.constantFrom(
      ...(['namespace', 'schemaVersion', 'reader', 'tenantIds', 'kind', 'text', 'parameters'] as const),
    );
    fc.assert(
      fc.property(parts, parts, field, (a, b, name) => {
        const changed = { ...a, [name]: b[name] };
        expect(cacheKey(a) === cacheKey(changed)).toBe(meaning(a) === meaning(changed));
      }),
      { numRuns: 2000 },
    );
  });

  test('does not let a letter wander from one field into the next', () => {
    fc.assert(
      fc.property(
        parts,
        text.filter((moved) => moved !== ''),
        (a, moved) => {
          const early = { ...a, kind: a.kind + moved };
          const late = { ...a, text: moved + a.text };
          expect(cacheKey(early)).not.toBe(cacheKey(late));
        },
      ),
    );
  });

  const base: CacheKeyParts = {
    namespace: 'zava',
    schemaVersion: '1',
    reader: 'reader',
    tenantIds: [1, 3],
    kind: 'query',
    text: 'SELECT 1',
  };

  test('does not depend on the order of the tenants, and does on which they are', () => {
    expect(cacheKey({ ...base, tenantIds: [3, 1] })).toBe(cacheKey(base));
    expect(cacheKey({ ...base, tenantIds: [13] })).not.toBe(cacheKey(base));
    expect(cacheKey({ ...base, tenantIds: [] })).not.toBe(cacheKey({ ...base, tenantIds: [0] }));
  });

  test("tells 1 from '1' and NULL from an empty text", () => {
    const bound = (type: string, value: string | null) => cacheKey({ ...base, parameters: [{ type, value }] });
    expect(new Set([bound('int4', '1'), bound('text', '1'), bound('text', ''), bound('text', null)]).size).toBe(4);
  });

  test('keeps apart two literals that differ in case alone, and joins texts that differ in blanks and comments', async () => {
    const guard = await createGuard({ definition: retailDefinition, serverMajor: 17 });
    const reader = readerRoleFor(retailDefinition, new Set(['sales:read']));
    const keyOf = (sql: string) => cacheKey({ ...base, text: guard.approve(sql, reader).text });
    const plain = keyOf("SELECT store_id FROM orders WHERE 'ABC' = 'x  y'");
    expect(keyOf("select /* why */ store_id\n  from orders -- all\n where 'ABC'='x  y'")).toBe(plain);
    expect(keyOf("SELECT store_id FROM orders WHERE 'abc' = 'x  y'")).not.toBe(plain);
    expect(keyOf("SELECT store_id FROM orders WHERE 'ABC' = 'x y'")).not.toBe(plain);
  });
});

test('the version of a schema changes with its definition', () => {
  const [first, ...rest] = retailDefinition.relations;
  const changed = { ...retailDefinition, relations: [{ ...first!, purpose: 'Another.' }, ...rest] };
  expect(schemaVersion(retailDefinition)).toBe(schemaVersion(structuredClone(retailDefinition)));
  expect(schemaVersion(changed)).not.toBe(schemaVersion(retailDefinition));
});
