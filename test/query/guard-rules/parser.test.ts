import { expect, test, vi } from 'vitest';

const fresh = async () => {
  vi.resetModules();
  return import('../../../src/query/guard-rules/parser.ts');
};

test('what asks the parser before it is loaded is told to load it', async () => {
  const { parseSync } = await fresh();
  expect(() => parseSync('SELECT 1')).toThrow('loadParser comes first');
});

test('the parser reads, scans and fingerprints once it is loaded, however many load it', async () => {
  const { fingerprintSync, hasSqlDetails, loadParser, normalizeSync, parseSync, scanSync } = await fresh();
  await Promise.all([loadParser(), loadParser()]);
  expect(parseSync('SELECT 1').stmts).toHaveLength(1);
  expect(scanSync('SELECT 1').tokens.map(({ text }) => text)).toEqual(['SELECT', '1']);
  expect(normalizeSync('SELECT 1')).toBe('SELECT $1');
  expect(fingerprintSync('SELECT 1')).toBe(fingerprintSync('SELECT 2'));
  let fault: unknown;
  try {
    parseSync('SELECT FROM WHERE');
  } catch (error) {
    fault = error;
  }
  expect(hasSqlDetails(fault)).toBe(true);
});
