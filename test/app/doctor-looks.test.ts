import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  lookAtAlertChannels,
  lookAtAzureIdentity,
  lookAtBackupTarget,
  lookAtReadReplicas,
  lookAtRedis,
} from '../../src/app/doctor-looks.ts';
import { loadConfig } from '../../src/config/load.ts';
import { realServer } from '../e2e/real-installation.ts';
import { lineTo, onRedis } from '../support/redis.ts';
import { startIdentityEndpoint } from './identity-endpoint.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zava-doctor-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const configOf = (env: Record<string, string>) => loadConfig({ serving: 'nothing' }, env);

describe('the target of backups', () => {
  const look = (place: string) => lookAtBackupTarget(configOf({ BACKUP_TARGET: place }));

  test('that is not there yet can be made, and its room is told', async () => {
    const answer = await look(join(folder, 'not', 'yet'));
    expect(answer).toMatchObject({ detail: expect.stringMatching(/^0 files kept in .*not\/yet; \d+ MiB are free$/) });
    expect(['ok', 'warning']).toContain(answer.status);
  });

  test('that is no folder is refused', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(look(file)).rejects.toMatchObject({ code: expect.any(String) });
  });

  test.skipIf(process.getuid?.() === 0)('that cannot be written to fails', async () => {
    const closed = await mkdtemp(join(folder, 'closed-'));
    await chmod(closed, 0o500);
    expect(await look(closed)).toMatchObject({ status: 'failed', detail: expect.stringContaining('cannot be written') });
  });

  test('whose last backup was larger than what is left fails, and says how to make room', async () => {
    // A file with a hole: as large as anything, and takes no room.
    const full = await mkdtemp(join(folder, 'full-'));
    const file = await open(join(full, 'zava_backup_full_20261101_020000.dump'), 'w');
    await file.truncate(4 * 2 ** 40);
    await file.close();
    expect(await look(full)).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('less than the last backup took'),
      remedy: expect.stringContaining('Make room'),
    });
  });
});

test('the identity in Azure is asked for a token, which is not told; one that gets none fails', async () => {
  const endpoint = await startIdentityEndpoint();
  for (const [name, value] of Object.entries(endpoint.env)) vi.stubEnv(name, value);
  try {
    const look = () => lookAtAzureIdentity(configOf({ AZURE_USE_MANAGED_IDENTITY: 'true', AZURE_CLIENT_ID: 'the-server' }));
    endpoint.state.broken = true;
    await expect(look()).rejects.toThrow();
    endpoint.state.broken = false;
    expect(await look()).toBe('the managed identity the-server gets tokens');
    expect([...endpoint.state.resources]).toEqual(['https://management.azure.com']);
  } finally {
    vi.unstubAllEnvs();
    await endpoint.close();
  }
});

test('without a channel alerts reach nobody but the log, which is a warning', () => {
  expect(lookAtAlertChannels(configOf({}))).toMatchObject({ status: 'warning', remedy: expect.stringContaining('SLACK') });
  expect(lookAtAlertChannels(configOf({ SLACK_WEBHOOK_URL: 'http://127.0.0.1:1/hook' }))).toMatchObject({
    status: 'ok',
    detail: expect.stringContaining('slack'),
  });
});

onRedis('the cache', (url) => {
  test('is asked, and one that was killed is told of', async () => {
    const line = await lineTo(url);
    const ask = () => lookAtRedis(line.url, AbortSignal.timeout(3000));
    expect(await ask()).toBe('Redis answers');
    await line.cut();
    await expect(ask()).rejects.toThrow();
    await line.close().catch(() => {});
  });
});

describe.skipIf(realServer === undefined)('read replicas', () => {
  const address = new URL(realServer?.adminUrl ?? 'postgresql://127.0.0.1');
  const look = (...replicas: string[]) =>
    lookAtReadReplicas(
      configOf({
        DATABASE_URL: `${address.href.replace(/^postgres:/, 'postgresql:')}?sslmode=disable`,
        ...(replicas.length > 0 && { POSTGRES_REPLICA_URLS: replicas.join(',') }),
      }),
    );

  test('are looked at where there are some', async () => {
    expect(await lookAtReadReplicas(configOf({}))).toMatchObject({ status: 'not applicable' });
    expect(await look()).toMatchObject({ status: 'not applicable' });
  });

  test('one that is away and one that is no standby are both named', async () => {
    const answer = await look(
      'postgresql://127.0.0.1:9/postgres?sslmode=disable',
      `postgresql://${address.host}/postgres?sslmode=disable`,
    );
    expect(answer).toMatchObject({
      status: 'failed',
      detail: `127.0.0.1:9 does not answer; ${address.host} is no standby`,
      remedy: expect.stringContaining('POSTGRES_REPLICA_URLS'),
    });
  });
});
