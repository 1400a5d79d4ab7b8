import { expect, test } from 'vitest';
import { runVerb } from './command-line.ts';

const secret = 'correct horse battery staple';

test('config check says that all is in order, and shows secrets as ***', async () => {
  const { code, stdout, stderr } = await runVerb(['config', 'check'], { POSTGRES_HOST: 'db', POSTGRES_PASSWORD: secret });
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toContain('The settings are in order.');
  expect(stderr).toMatch(/POSTGRES_PASSWORD\s.*\*\*\*/);
  expect(stderr).not.toContain(secret);
});

test('config check names every fault at once, with the name that was meant, and exits 78', async () => {
  const { code, stderr } = await runVerb(['config', 'check'], { POSTGRES_PASWORD: secret, PORT: 'eight', ZAVA_THING: '1' });
  expect(code).toBe(78);
  expect(stderr).toContain('POSTGRES_PASWORD is not a setting: did you mean POSTGRES_PASSWORD?');
  expect(stderr).toContain('PORT is "eight"');
  expect(stderr).toContain('ZAVA_THING is not a setting: remove it');
  expect(stderr).toContain('3 to mend.');
  expect(stderr).not.toContain(secret);
});

test('config show prints the settings on stdout, with --json for machines', async () => {
  const text = await runVerb(['config', 'show'], { PORT: '8123', POSTGRES_PASSWORD: secret });
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/PORT\s.*8123/);
  const { code, stdout } = await runVerb(['config', 'show', '--json'], { PORT: '8123', POSTGRES_PASSWORD: secret });
  expect(code).toBe(0);
  const rows = JSON.parse(stdout) as unknown[];
  expect(JSON.stringify(rows)).toContain('8123');
  expect(text.stdout + stdout).not.toContain(secret);
});

test.each([
  ['settings that nobody knows', { POSTGRES_HOTS: 'db' }, /did you mean POSTGRES_HOST\?/],
  ['a public address with the development issuer', { HOST: '0.0.0.0', DEV_ISSUER: 'true' }, /DEV_ISSUER works on loopback only/],
  ['a public address without authentication', { HOST: '0.0.0.0', DEV_ISSUER: 'false' }, /nothing authenticates callers/],
  ['production without anything', { ENVIRONMENT: 'production' }, /POSTGRES_HOST is missing.*PUBLIC_URL is missing/s],
  ['debug in production', { ENVIRONMENT: 'production', DEBUG: 'true' }, /DEBUG is on/],
])('serve refuses %s before it opens anything', async (_what, env, told) => {
  const { code, stdout, stderr } = await runVerb(['serve', '--transport', 'http', '--port', '0'], env);
  expect(stderr).toMatch(told);
  expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
});
