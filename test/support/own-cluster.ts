import { randomBytes } from 'node:crypto';
import { appendFile, chown, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../src/app/server-workers.ts';
// @ts-expect-error plain JavaScript, without types
import { insideRoot, runInRoot } from '../../tools/services/debian-root.mjs';

export interface OwnCluster {
  readonly port: number;
  /** Connection string of its superuser, without a password: only this machine can reach it. */
  adminUrl(database: string): string;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL 17 of the test's own, to set up, break and throw away: a new cluster, or one on a copy of restored files. It runs
 * inside the root of `npm run services:up`.
 */
export async function startOwnCluster(root: string, settings: readonly string[], restored?: string): Promise<OwnCluster> {
  const home = `/srv/zava-own-${randomBytes(4).toString('hex')}`;
  const data = `${home}/data`;
  const onHost = join(root, home);
  const { uid, gid } = (await insideRoot(root, 'postgres', [])) as { uid: number; gid: number };
  const run = async (program: string, ...args: string[]) => {
    const { code, output } = await runInRoot(root, 'postgres', [`/usr/lib/postgresql/17/bin/${program}`, ...args]);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}`);
  };
  const remove = () => rm(onHost, { recursive: true, force: true });
  const port = await freePort('127.0.0.1');
  try {
    await mkdir(onHost, { mode: 0o700 });
    await chown(onHost, uid, gid);
    if (restored === undefined) {
      await run(
        'initdb',
        `--pgdata=${data}`,
        '--username=postgres',
        '--auth=trust',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      );
    } else {
      await cp(restored, join(root, data), { recursive: true });
      await chownTree(join(root, data), uid, gid);
    }
    const lines = [
      `port = ${port}`,
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      'fsync = off',
      ...settings,
    ];
    await appendFile(join(root, data, 'postgresql.conf'), `${lines.join('\n')}\n`);
    await writeFile(join(onHost, 'log'), '');
    await chown(join(onHost, 'log'), uid, gid);
    await run('pg_ctl', 'start', '--pgdata', data, '--log', `${home}/log`, '--wait', '--timeout', '60', '--silent');
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    port,
    adminUrl: (database) => `postgresql://postgres@127.0.0.1:${port}/${database}`,
    async stop() {
      await run('pg_ctl', 'stop', '--pgdata', data, '--mode', 'immediate', '--wait');
      await remove();
    },
  };
}

async function chownTree(path: string, uid: number, gid: number): Promise<void> {
  await chown(path, uid, gid);
  for (const entry of await readdir(path, { recursive: true })) await chown(join(path, entry), uid, gid);
}
