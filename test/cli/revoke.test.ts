import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockDataDir } from '../../src/postgres/data-dir-lock.ts';
import { lineTo, onRedis } from '../support/redis.ts';
import { runVerb } from './command-line.ts';
import { anyInstallation, embeddedInstallation, type Installation } from './installation.ts';

let own: Installation;
beforeAll(async () => {
  own = await anyInstallation('zavarevoke');
}, 120_000);
afterAll(() => own.remove());

const revoke = (flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runVerb(['revoke', ...flags], { ...own.env, ...env });

/** The revocations that a server would find. */
async function revoked({ asAdministrator } = own) {
  const rows = await asAdministrator((session) => session.query('SELECT * FROM ops.revocations'));
  return rows.map((row) => JSON.stringify(row));
}

describe('revoke', () => {
  test('ends one token, or all of a subject, and tells until when that is kept', async () => {
    const token = await revoke(['--jti', 'token-1', '--reason', 'laptop lost']);
    expect(token).toMatchObject({ code: 0, stdout: '' });
    const [, until = ''] = /Revoked: jti token-1, kept until (\S+)\.\n/.exec(token.stderr) ?? [];
    expect(Math.round((Date.parse(until) - Date.now()) / 86_400_000)).toBe(30);
    const subject = await revoke(['--subject', 'anna', '--keep-days', '2']);
    expect(subject.stderr).toContain('Revoked: subject anna, kept until ');
    const rows = await revoked();
    expect(rows.some((row) => row.includes('token-1') && row.includes('laptop lost'))).toBe(true);
    expect(rows.some((row) => row.includes('anna'))).toBe(true);
  }, 60_000);

  test.each([
    ['nobody', []],
    ['a token and a subject at once', ['--jti', 'a', '--subject', 'b']],
    ['for no time', ['--jti', 'a', '--keep-days', '0']],
  ])(
    'refuses %s as bad usage',
    async (_what, flags) => {
      expect(await revoke(flags)).toMatchObject({ code: 2, stdout: '' });
    },
    30_000,
  );

  test('is refused while a server holds the embedded database: a copy would forget it', async () => {
    const embedded = await embeddedInstallation();
    const lock = await lockDataDir(embedded.env.DATA_DIR);
    const { code, stderr } = await runVerb(['revoke', '--jti', 'forgotten'], embedded.env);
    await lock?.release();
    expect(code).toBe(1);
    expect(stderr).toContain('Another process uses');
    expect(await runVerb(['revoke', '--jti', 'kept'], embedded.env)).toMatchObject({ code: 0 });
    const rows = (await revoked(embedded)).join();
    expect([rows.includes('forgotten'), rows.includes('kept')]).toEqual([false, true]);
    await embedded.remove();
  }, 60_000);
});

onRedis('revoke where replicas share a Redis', (url) => {
  test('tells the replicas there', async () => {
    const { code, stderr } = await revoke(['--jti', 'shared'], { REDIS_URL: url });
    expect(code).toBe(0);
    expect(stderr).not.toContain('revocation in Redis');
  });

  test('is done without it, and says that it was away', async () => {
    const line = await lineTo(url);
    await line.cut();
    const { code, stderr } = await revoke(['--jti', 'alone'], { REDIS_URL: line.url });
    await line.close();
    expect(code).toBe(0);
    expect(stderr).toContain('revocation in Redis');
    expect((await revoked()).join()).toContain('alone');
  });
});
