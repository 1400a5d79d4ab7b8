import { describe, expect, test } from 'vitest';
import {
  baseUrl,
  decimal,
  flag,
  identifier,
  integer,
  listOf,
  oneOf,
  origin,
  postgresUrl,
  redisUrl,
  text,
  uuid,
  type ValueType,
  webUrl,
} from '../../src/config/value-types.ts';

const cases: readonly [string, ValueType<unknown>, [string, unknown][], string[]][] = [
  ['text', text, [['a b', 'a b']], []],
  [
    'uuid',
    uuid,
    [['3F2504E0-4f89-41d3-9a0c-0305e82c3301', '3f2504e0-4f89-41d3-9a0c-0305e82c3301']],
    ["3f2504e0-4f89-41d3-9a0c-0305e82c3301,type=user,admin'", '3f2504e04f8941d39a0c0305e82c3301'],
  ],
  [
    'integer',
    integer(1, 65535),
    [
      ['1', 1],
      ['65535', 65535],
      ['007', 7],
    ],
    ['0', '65536', '-1', '1.5', '1e3', '0x10', 'ten', '1 2'],
  ],
  [
    'decimal',
    decimal(0, 1000),
    [
      ['0', 0],
      ['2.5', 2.5],
    ],
    ['-1', '1001', '.5', '1,5', '1e2', 'Infinity', 'NaN'],
  ],
  [
    'flag',
    flag,
    [
      ['true', true],
      ['TRUE', true],
      ['1', true],
      ['yes', true],
      ['on', true],
      ['false', false],
      ['0', false],
      ['No', false],
      ['off', false],
    ],
    ['*', 'y', '2', 'truee'],
  ],
  [
    'one of',
    oneOf('none', 'verify-full'),
    [
      ['none', 'none'],
      ['Verify-Full', 'verify-full'],
    ],
    ['verify', 'full'],
  ],
  [
    'list',
    listOf(integer(1, 9)),
    [
      ['1', [1]],
      ['1, 2 ,3,', [1, 2, 3]],
    ],
    [',', ' , ', '1,x'],
  ],
  [
    'web URL',
    webUrl,
    [
      ['https://a.example/b', 'https://a.example/b'],
      ['http://a', 'http://a'],
    ],
    ['a.example', 'ftp://a', 'https://'],
  ],
  [
    'PostgreSQL URL',
    postgresUrl,
    [
      ['postgres://a/b', 'postgres://a/b'],
      ['postgresql:///b?host=/run', 'postgresql:///b?host=/run'],
    ],
    ['https://a', 'host=a dbname=b', 'postgres://a:1,b:2/c'],
  ],
  [
    'Redis URL',
    redisUrl,
    [
      ['redis://a:6379', 'redis://a:6379'],
      ['rediss://a', 'rediss://a'],
    ],
    ['a:6379', 'http://a'],
  ],
  [
    'base URL',
    baseUrl,
    [
      ['https://a.example', 'https://a.example'],
      ['https://a.example/b/', 'https://a.example/b'],
    ],
    ['https://a?x=1', 'https://a#b', 'a.example'],
  ],
  [
    'origin',
    origin,
    [
      ['https://App.example', 'https://app.example'],
      ['http://localhost:3000', 'http://localhost:3000'],
    ],
    ['*', 'https://a.example/', 'https://a.example/b', 'null', 'a.example'],
  ],
  [
    'identifier',
    identifier,
    [
      ['zava', 'zava'],
      ['z_2', 'z_2'],
    ],
    ['Zava', '2z', 'z-v', 'z"', 'a'.repeat(41)],
  ],
];

describe.each(cases)('%s', (_name, type, good, bad) => {
  test.each(good)('%j is %j', (written, value) => {
    expect(type.parse(written)).toEqual(value);
  });

  test('anything else is refused', () => {
    expect(bad.map((written) => type.parse(written))).toEqual(bad.map(() => undefined));
    expect(type.expects.length).toBeGreaterThan(3);
  });
});
