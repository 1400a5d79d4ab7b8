import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { isTellingName, mask } from '../../src/telemetry/mask.ts';

describe('names', () => {
  test.each([
    'password',
    'PASSWORD',
    'dbPassword',
    'POSTGRES_PASSWORD',
    'token',
    'accessToken',
    'ACCESS-TOKEN',
    'secret',
    'client_secret',
    'clientSecret',
    'key',
    'apiKey',
    'api_key',
    'APIKEY',
    'x-api-key',
    'X-Api-Key',
    'signing_key',
    'Authorization',
    'proxy-authorization',
    'connection_string',
    'connectionString',
    'ConnectionString',
    'cookie',
    'Set-Cookie',
    'email',
    'customerEmail',
    'e-mail',
    'phone',
    'phoneNumber',
    'pwd',
    'credentials',
    'sig',
    'slackWebhookUrl',
    'passphrase',
    '--password',
    'signingKey',
    'keyId',
    'KEYS',
    'primary key',
  ])('%s gives a secret away', (name) => {
    expect(isTellingName(name)).toBe(true);
    expect(mask({ [name]: 'hunter2' })).toEqual({ [name]: '***' });
    expect(mask({ outer: [{ [name]: { nested: ['hunter2'] } }] })).toEqual({ outer: [{ [name]: '***' }] });
  });

  test.each(['tool', 'subject', 'requestId', 'monkey', 'keyword', 'passed', 'compass', 'durationMs', 'author', 'message'])(
    '%s does not',
    (name) => expect(mask({ [name]: 'hunter2' })).toEqual({ [name]: 'hunter2' }),
  );

  test('measures stay readable, secret numbers do not', () => {
    expect(mask({ embedding_tokens: 120, email_verified: true, phone: 4255550100, token: null })).toEqual({
      embedding_tokens: 120,
      email_verified: true,
      phone: '***',
      token: null,
    });
  });

  test('labelled pairs, raw headers and argument lists are read as names and values', () => {
    expect(mask({ name: 'X-Api-Key', value: 'hunter2' })).toEqual({ name: 'X-Api-Key', value: '***' });
    expect(mask({ name: 'Accept', value: 'hunter2' })).toEqual({ name: 'Accept', value: 'hunter2' });
    expect(mask(['Authorization', 'hunter2', 'Accept', 'json'])).toEqual(['Authorization', '***', 'Accept', 'json']);
    expect(mask(['--password', 'hunter2'])).toEqual(['--password', '***']);
    expect(mask(new Map([['password', 'hunter2']]))).toEqual({ password: '***' });
  });

  test('a secret that is itself a name is masked', () => {
    expect(mask({ 'jane@example.com': 1 })).toEqual({ '***': 1 });
  });
});

describe('shapes', () => {
  test('plain data comes back as it was, and the original is untouched', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-d]{1,8}$/), fc.oneof(fc.integer(), fc.boolean(), fc.constant(null))),
        (value) => {
          const before = structuredClone(value);
          expect(mask(value)).toEqual(value);
          expect(value).toEqual(before);
        },
      ),
    );
  });

  test('anything at all becomes JSON', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withDate: true,
          withNullPrototype: true,
        }),
        (value) => {
          expect(() => JSON.stringify({ value: mask(value) })).not.toThrow();
        },
      ),
    );
  });

  test('circles end and twins are both shown', () => {
    const round: Record<string, unknown> = { a: 1 };
    round.self = round;
    const twin = { b: 2 };
    expect(mask({ round, first: twin, second: twin })).toEqual({
      round: { a: 1, self: '[circular]' },
      first: { b: 2 },
      second: { b: 2 },
    });
  });

  test('great depth ends', () => {
    let deep: unknown = 'hunter2';
    for (let level = 0; level < 50; level += 1) deep = { deep };
    expect(JSON.stringify(mask(deep))).toContain('[too deep]');
  });

  test('binary data is counted, dates and addresses are written, functions are named', () => {
    expect(
      mask({
        a: Buffer.from('hunter2'),
        b: new Uint8Array(3).buffer,
        c: new Date(0),
        d: new URL('https://u:p@h/'),
        e: 10n,
        f: () => 1,
      }),
    ).toEqual({ a: '[7 bytes]', b: '[3 bytes]', c: '1970-01-01T00:00:00.000Z', d: 'https://***@h/', e: '10', f: '[function]' });
    expect(mask(new Set(['a', 'jane@example.com']))).toEqual(['a', '***']);
    expect(mask(Symbol('hunter2'))).toBe('[symbol]');
  });

  test('a getter that throws costs its object, not the line', () => {
    const awkward = {
      get x() {
        throw new Error('hunter2');
      },
    };
    expect(mask({ awkward, fine: 1 })).toEqual({ awkward: '[unreadable]', fine: 1 });
  });

  test('errors keep what explains them', () => {
    const driver = Object.assign(new Error('password=hunter2 was refused'), { code: '28P01', parameters: ['Jane Doe'] });
    const error = new AppError('dependency_unavailable', 'The database does not answer', { cause: driver });
    expect(mask({ error })).toEqual({
      error: {
        name: 'AppError',
        code: 'dependency_unavailable',
        message: 'The database does not answer',
        cause: {
          name: 'Error',
          code: '28P01',
          message: 'password=*** was refused',
          stack: expect.stringContaining('mask.test.ts'),
        },
      },
    });
    const several = new AggregateError([new Error('token=hunter2')], 'all failed');
    expect(JSON.stringify(mask(several))).toContain('token=***');
    expect(JSON.stringify(mask(several))).not.toContain('hunter2');
    const bare = new Error('x');
    Object.defineProperty(bare, 'stack', { value: undefined });
    expect(mask(bare)).toEqual({ name: 'Error', message: 'x' });
  });
});
