import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { freePort } from '../../src/app/server-workers.ts';

export interface BlobEmulator {
  /** Of the account. */
  readonly url: string;
  readonly account: { readonly name: string; readonly key: string };
  newContainer(): Promise<string>;
  close(): Promise<void>;
}

/** Microsoft's emulator of Azure Storage, with an account of its own, on a free port of this machine. */
export async function startBlobEmulator(): Promise<BlobEmulator> {
  const folder = await mkdtemp(join(tmpdir(), 'zava-azurite-'));
  const account = { name: 'zavatest', key: randomBytes(64).toString('base64') };
  const port = await freePort('127.0.0.1');
  const main = new URL('../../node_modules/azurite/dist/src/blob/main.js', import.meta.url).pathname;
  const args = ['--blobPort', String(port), '--location', folder, '--silent', '--skipApiVersionCheck', '--disableTelemetry'];
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, AZURITE_ACCOUNTS: `${account.name}:${account.key}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  const listening = new Promise<void>((resolve, reject) => {
    const look = (text: Buffer) => {
      said += text;
      if (said.includes('successfully listens')) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    void ended.then(() => reject(new Error(`the emulator ended: ${said}`)));
  });
  await listening;
  const url = `http://127.0.0.1:${port}/${account.name}`;
  return {
    url,
    account,
    async newContainer() {
      const address = `${url}/c${randomBytes(6).toString('hex')}`;
      await new ContainerClient(address, new StorageSharedKeyCredential(account.name, account.key)).create();
      return address;
    },
    async close() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
