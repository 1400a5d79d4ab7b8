import { expect, test } from 'vitest';
import { effectiveSettings, formatSettings } from '../../src/config/describe.ts';
import { readConfig } from '../../src/config/load.ts';
import { settingEntries } from '../../src/config/schema.ts';

function shown(env: Record<string, string>) {
  return effectiveSettings(readConfig({}, env).config);
}

test('every setting is shown once, with its value and where it comes from', () => {
  const rows = shown({ POSTGRES_DB_HOST: 'db', LOG_LEVEL: 'debug', AUTH_AUDIENCE: 'a,b' });
  expect(rows).toHaveLength(settingEntries.length);
  expect(rows).toEqual(
    expect.arrayContaining([
      { name: 'PORT', value: '8000', source: 'default' },
      { name: 'POSTGRES_HOST', value: 'db', source: 'alias', setBy: 'POSTGRES_DB_HOST' },
      { name: 'LOG_LEVEL', value: 'debug', source: 'environment', setBy: 'LOG_LEVEL' },
      { name: 'AUTH_AUDIENCE', value: 'a,b', source: 'environment', setBy: 'AUTH_AUDIENCE' },
      { name: 'LOG_FILE', value: '', source: 'default' },
      { name: 'DEV_ISSUER', value: 'true', source: 'default' },
    ]),
  );
});

test('no secret is shown, whatever it is', () => {
  const secrets = settingEntries.filter(([, row]) => row.secret).map(([, row]) => row.env);
  const valueFor = (name: string) => {
    if (name.startsWith('REDIS')) return 'redis://:hunter2@h';
    return name.includes('WEBHOOK') ? 'https://hooks.example/hunter2' : 'postgres://u:hunter2@h/d';
  };
  const rows = shown(Object.fromEntries(secrets.map((name) => [name, valueFor(name)])));
  expect(rows.filter(({ value }) => value === '***').map(({ name }) => name)).toEqual(secrets);
  expect(secrets.length).toBeGreaterThanOrEqual(14);
  expect(formatSettings(rows)).not.toContain('hunter2');
});

test('a long value stays on one line', () => {
  const row = shown({ AUTH_PUBLIC_KEY: `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(100)}` }).find(
    ({ name }) => name === 'AUTH_PUBLIC_KEY',
  );
  expect(row?.value).toMatch(/^-----BEGIN PUBLIC KEY----- A+…$/);
  expect(row?.value.length).toBe(81);
});

test('the printout has one aligned line a setting', () => {
  const text = formatSettings([
    { name: 'PORT', value: '9000', source: 'alias', setBy: 'MCP_SERVER_PORT' },
    { name: 'LOG_FILE', value: '', source: 'default' },
  ]);
  expect(text).toBe('PORT      9000  (alias MCP_SERVER_PORT)\nLOG_FILE  -  (default)\n');
});
