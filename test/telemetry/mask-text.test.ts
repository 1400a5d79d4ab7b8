import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskText } from '../../src/telemetry/mask-text.ts';
import { secretForms } from '../support/secrets.ts';

describe('a secret leaves nothing behind', () => {
  test.each(secretForms)('$name', ({ text, gone }) => {
    expect(text).toContain(gone);
    expect(maskText(text)).not.toContain(gone);
    expect(maskText(text)).toContain('***');
    expect(maskText(`before\n${text}\nafter`)).not.toContain(gone);
    expect(maskText(maskText(text))).not.toContain(gone);
  });

  test('whatever its characters, as a password of an address, a field or a header', () => {
    const password = fc.stringMatching(/^[A-Za-z0-9!#$%^&*()_+=.,~-]{8,40}$/);
    fc.assert(
      fc.property(password, (secret) => {
        const forms = [
          `postgres://zava:${secret}@db/zava`,
          `PASSWORD='${secret}'`,
          JSON.stringify({ client_secret: secret }),
          `Cookie: ${secret}`,
          `Bearer ${secret.replaceAll(',', '')}`,
        ];
        for (const text of forms) expect(maskText(text)).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is no secret stays readable', () => {
  test.each([
    '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b',
    'execute_sales_query',
    'The Authorization header is not one bearer token',
    'A bearer token is required in the Authorization header',
    'There is no secret called scope-key',
    'Filter on fewer stores or a shorter period: aggregate earlier.',
    'http://127.0.0.1:8000/mcp?x=1',
    'SELECT store_id, sum(total_amount) FROM retail.orders GROUP BY 1',
    '    at run (file:///work/node_modules/@azure/core-client/dist/index.js:10:5)',
    'connect ECONNREFUSED 127.0.0.1:5432',
    '2026-11-22T18:31:51.123Z',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'PostgreSQL 17.6 (Debian 17.6-1.pgdg13+1)',
  ])('%s', (text) => expect(maskText(text)).toBe(text));
});

test('a very long text is cut at a blank, so that no half of a secret is left', () => {
  const text = `${'word '.repeat(13_100)}postgres://zava:${'hunter2'.repeat(20)}@db/zava`;
  const result = maskText(text);
  expect(result.length).toBeLessThan(66_000);
  expect(result.endsWith('word [cut]')).toBe(true);
  expect(maskText('x'.repeat(70_000))).toBe(' [cut]');
});

test.each([
  'a://',
  'password=',
  'a@',
  'eyJhbGci.',
  'a:b',
  '"',
  '\\"',
  'token: "',
  '-----BEGIN PRIVATE KEY-----',
  'x',
  'v1.a.',
  '--token ',
])('60 KB of %j take no longer than a moment', (piece) => {
  const text = piece.repeat(Math.floor(60_000 / piece.length));
  const start = performance.now();
  maskText(text);
  expect(performance.now() - start).toBeLessThan(1500);
});
