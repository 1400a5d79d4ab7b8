import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonConverter } from '../../src/query/json-value.ts';
import type { TypeCatalog } from '../../src/query/type-catalog.ts';

const names = [
  'bool',
  'int2',
  'int4',
  'int8',
  'numeric',
  'float4',
  'float8',
  'text',
  'timestamp',
  'timestamptz',
  'date',
  'json',
  'jsonb',
  'bytea',
  'uuid',
];
/** Type n, and the array of it under 100 + n. */
const types: TypeCatalog = new Map([
  ...names.map((name, index) => [index + 1, { name, elementOid: 0, carriesText: true }] as const),
  ...names.map((name, index) => [index + 101, { name: `_${name}`, elementOid: index + 1, carriesText: true }] as const),
  [300, { name: 'oidvector', elementOid: 3, carriesText: true }],
  [301, { name: '_lost', elementOid: 999, carriesText: true }],
]);
const convert = (type: string, text: string) => {
  const isArray = type.endsWith('[]');
  const index = names.indexOf(isArray ? type.slice(0, -2) : type);
  return jsonConverter(index + (isArray ? 101 : 1), types)(text);
};

describe('A value as JSON', () => {
  test.each([
    ['bool', 't', 'true'],
    ['bool', 'f', 'false'],
    ['int4', '-5', '-5'],
    ['int8', '9007199254740991', '9007199254740991'],
    ['int8', '9007199254740992', '"9007199254740992"'],
    ['int8', '-9007199254740993', '"-9007199254740993"'],
    ['numeric', '1.50', '1.50'],
    ['numeric', '12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['numeric', 'NaN', '"NaN"'],
    ['float8', '1e+20', '1e+20'],
    ['float8', '-Infinity', '"-Infinity"'],
    ['float4', 'Infinity', '"Infinity"'],
    ['text', 'a "b" \\ \n\u0001 ä', '"a \\"b\\" \\\\ \\n\\u0001 ä"'],
    ['date', '2024-02-29', '"2024-02-29"'],
    ['timestamp', '2024-02-29 12:00:00.5', '"2024-02-29T12:00:00.5"'],
    ['timestamp', 'infinity', '"infinity"'],
    ['timestamp', '0044-03-15 00:00:00 BC', '"0044-03-15 00:00:00 BC"'],
    ['timestamp', '12345-03-15 00:00:00', '"12345-03-15T00:00:00"'],
    ['timestamptz', '2024-02-29 12:00:00+00', '"2024-02-29T12:00:00Z"'],
    ['timestamptz', '2024-02-29 12:00:00+02', '"2024-02-29 12:00:00+02"'],
    ['timestamptz', '0044-03-15 00:00:00+00 BC', '"0044-03-15 00:00:00+00 BC"'],
    ['timestamptz', '-infinity', '"-infinity"'],
    ['json', '{"a":\r\n 1}', '{"a":   1}'],
    ['jsonb', '{"a": [1, null]}', '{"a": [1, null]}'],
    ['bytea', '\\x00ff', '"00ff"'],
    ['uuid', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', '"f47ac10b-58cc-4372-a567-0e02b2c3d479"'],
    ['int4[]', '{1,NULL,-3}', '[1,null,-3]'],
    ['int4[]', '{}', '[]'],
    ['int4[]', '{{1,2},{3,4}}', '[[1,2],[3,4]]'],
    ['int4[]', '[0:1]={1,2}', '[1,2]'],
    ['int4[]', '[2:3][-1:0]={{1,2},{3,4}}', '[[1,2],[3,4]]'],
    ['text[]', '{a,"b c","NULL",NULL,"d\\"e\\\\f","{g}","h,i",""}', '["a","b c","NULL",null,"d\\"e\\\\f","{g}","h,i",""]'],
    ['bool[]', '{t,f}', '[true,false]'],
    ['int8[]', '{9007199254740993,1}', '["9007199254740993",1]'],
    ['timestamp[]', '{"2024-02-29 12:00:00"}', '["2024-02-29T12:00:00"]'],
    ['jsonb[]', '{"{\\"a\\": 1}"}', '[{"a": 1}]'],
  ])('of %s %s is %s', (type, text, json) => {
    expect(convert(type, text)).toBe(json);
    expect(() => JSON.parse(json)).not.toThrow();
  });

  test('of a type that nobody knows, or whose elements nobody knows, is its text', () => {
    expect(jsonConverter(12_345, types)('{1,2}')).toBe('"{1,2}"');
    expect(jsonConverter(301, types)('{1,2}')).toBe('"{1,2}"');
  });

  test('of the catalogue’s vectors, which are arrays without braces, is their text and ends', () => {
    expect(jsonConverter(300, types)('1 2 3')).toBe('"1 2 3"');
    expect(jsonConverter(300, types)('')).toBe('""');
  });

  test('of any text, alone or in an array, reads back as that text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' })).filter((text) => !/\p{Surrogate}/u.test(text))),
        (texts) => {
          for (const text of texts) expect(JSON.parse(convert('text', text))).toBe(text);
          const array = `{${texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
          expect(JSON.parse(convert('text[]', array))).toEqual(texts);
        },
      ),
    );
  });

  test('of any number keeps every digit', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(), (whole, fraction) => {
        expect(convert('numeric', `${whole}.${fraction}`)).toBe(`${whole}.${fraction}`);
        expect(BigInt(JSON.parse(convert('int8', String(BigInt.asIntN(64, whole)))))).toBe(BigInt.asIntN(64, whole));
      }),
    );
  });
});
