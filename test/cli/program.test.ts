import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cleanEnvironment, mainFile } from '../e2e/product.ts';
import { runVerb } from './command-line.ts';

describe('the command line', () => {
  test('tells its version on stdout', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await runVerb(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('ends without a word when nobody reads on', () => {
    const script = '"$0" "$1" alerts rules | true; exit $PIPESTATUS';
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, mainFile], { env: cleanEnvironment({}) });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  });

  test('names every verb in its help', async () => {
    const { code, stdout } = await runVerb(['--help']);
    expect(code).toBe(0);
    for (const verb of ['serve', 'token', 'bootstrap', 'migrate', 'seed', 'doctor', 'prove', 'health', 'config']) {
      expect(stdout).toContain(`\n  ${verb}`);
    }
  });

  test.each([
    ['an unknown option', ['serve', '--transprot', 'http'], /unknown option '--transprot'.*did you mean --transport/is],
    ['an unknown transport', ['serve', '--transport', 'sse'], /allowed choices are stdio, http/i],
    ['a port that is no number', ['serve', '--port', 'eight'], /whole number/],
    ['a port beyond the last one', ['serve', '--transport', 'http', '--port', '70000'], /65535/],
    ['an unknown verb', ['srve'], /srve/],
    ['a token without a role', ['token'], /--role/],
    ['a token that never lives', ['token', '--role', 'super_admin', '--ttl', '0'], /at least a second/],
    ['bootstrap without an administrator', ['bootstrap'], /--admin-url/],
    ['config without a verb of its own', ['config'], /check/],
  ])('refuses %s as bad usage, on stderr', async (_what, args, told) => {
    const { code, stdout, stderr } = await runVerb(args);
    expect(stderr).toMatch(told);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
