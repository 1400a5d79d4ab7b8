import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/app/adapters.ts';
import { scopeKey } from '../../src/app/secrets.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { lockDataDir } from '../../src/postgres/data-dir-lock.ts';
import { copyOfPreparedDataDir, removeFolder } from '../e2e/product.ts';
import { lineTo, onRedis } from '../support/redis.ts';
import { runVerb } from './command-line.ts';

let DATA_DIR = '';
beforeAll(async () => {
  DATA_DIR = await copyOfPreparedDataDir();
}, 120_000);
afterAll(() => removeFolder(DATA_DIR));

/** The revocations that a server would find. */
async function revoked() {
  const config = loadConfig({ serving: 'nothing' }, { DATA_DIR });
  const { database, session } = await openDatabase({ config, served: retailSchema, key: await scopeKey(config) });
  try {
    return (await session?.('administrator').query('SELECT * FROM ops.revocations'))?.map((row) => JSON.stringify(row)) ?? [];
  } finally {
    await database.close();
  }
}

describe('revoke', () => {
  test('ends one token, or all of a subject, and tells until when that is kept', async () => {
    const token = await runVerb(['revoke', '--jti', 'token-1', '--reason', 'laptop lost'], { DATA_DIR });
    expect(token).toMatchObject({ code: 0, stdout: '' });
    const [, until = ''] = /Revoked: jti token-1, kept until (\S+)\.\n/.exec(token.stderr) ?? [];
    expect(Math.round((Date.parse(until) - Date.now()) / 86_400_000)).toBe(30);
    const subject = await runVerb(['revoke', '--subject', 'anna', '--keep-days', '2'], { DATA_DIR });
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
      expect(await runVerb(['revoke', ...flags], { DATA_DIR })).toMatchObject({ code: 2, stdout: '' });
    },
    30_000,
  );

  test('is refused while a server holds the embedded database: a copy would forget it', async () => {
    const lock = await lockDataDir(DATA_DIR);
    const { code, stderr } = await runVerb(['revoke', '--jti', 'forgotten'], { DATA_DIR });
    await lock?.release();
    expect(code).toBe(1);
    expect(stderr).toContain('Another process uses');
    expect((await revoked()).join()).not.toContain('forgotten');
  }, 60_000);
});

onRedis('revoke where replicas share a Redis', (url) => {
  test('tells the replicas there', async () => {
    const { code, stderr } = await runVerb(['revoke', '--jti', 'shared'], { DATA_DIR, REDIS_URL: url });
    expect(code).toBe(0);
    expect(stderr).not.toContain('revocation in Redis');
  }, 30_000);

  test('is done without it, and says that it was away', async () => {
    const line = await lineTo(url);
    await line.cut();
    const { code, stderr } = await runVerb(['revoke', '--jti', 'alone'], { DATA_DIR, REDIS_URL: line.url });
    await line.close();
    expect(code).toBe(0);
    expect(stderr).toContain('revocation in Redis');
    expect((await revoked()).join()).toContain('alone');
  }, 30_000);
});
