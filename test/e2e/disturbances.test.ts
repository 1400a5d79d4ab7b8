import { spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { answerOf, post } from '../support/raw-mcp.ts';
import { query, revenueByStore } from './journeys.ts';
import { copyOfPreparedDataDir, newFolder, removeFolder, runProduct, type Served, serveHttp, startProduct } from './product.ts';

const folders: string[] = [];
const kept = (folder: string) => {
  folders.push(folder);
  return folder;
};
afterAll(() => Promise.all(folders.map(removeFolder)));

const patience = 240_000;

async function storesOf(served: Served): Promise<number> {
  const token = served.callers.headOffice.token;
  const { result } = await answerOf(await post['2026-07-28'](served.url, 'tools/call', query(revenueByStore), { token }));
  return result.structuredContent.row_count;
}

async function servesAllStores(DATA_DIR: string): Promise<Served> {
  const served = await serveHttp({ DATA_DIR });
  expect(await storesOf(served)).toBe(8);
  return served;
}

describe('a first start that is cut short', () => {
  test(
    'by kill -9, at three moments, is begun again by the next one',
    async () => {
      const DATA_DIR = kept(await newFolder());
      for (const moment of [/Creating/, /^customers: 2,000$/m, /Keeping a template/]) {
        const product = startProduct(['serve', '--transport', 'http', '--port', '0'], { DATA_DIR });
        await product.told(moment);
        await product.stop('SIGKILL');
      }
      const served = await servesAllStores(DATA_DIR);
      expect(await served.stop()).toEqual({ code: 0, signal: null });
      expect((await readdir(DATA_DIR)).sort()).toEqual(['audit', 'keys', 'postgres', 'template.tar.gz']);
    },
    patience,
  );

  test(
    'by a full disk says so and leaves nothing behind',
    async (context) => {
      const mountPoint = kept(await newFolder());
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', mountPoint]);
      if (mounted.status !== 0)
        return context.skip(`no small disk: mount says ${String(mounted.stderr ?? mounted.error).trim()}`);
      try {
        const DATA_DIR = join(mountPoint, 'zava');
        const { code, stderr } = await runProduct(['seed', '--scale', '2000'], { DATA_DIR });
        expect(stderr).toContain(`There is no room left on the disk of ${DATA_DIR}`);
        expect(code).toBe(78);
        expect(await readdir(DATA_DIR)).toEqual(['keys']);
      } finally {
        spawnSync('umount', ['-l', mountPoint]);
      }
    },
    patience,
  );
});

describe('a data directory', () => {
  test(
    'whose server was killed is served again, with all rows',
    async () => {
      const DATA_DIR = kept(await copyOfPreparedDataDir());
      await (await servesAllStores(DATA_DIR)).stop('SIGKILL');
      const served = await servesAllStores(DATA_DIR);
      expect(served.stderr()).not.toContain('Another process');
      expect(await served.stop('SIGINT')).toEqual({ code: 0, signal: null });
    },
    patience,
  );

  test(
    'in use is served as a copy by a second process, which says so',
    async () => {
      const DATA_DIR = kept(await copyOfPreparedDataDir());
      const first = await servesAllStores(DATA_DIR);
      const second = await servesAllStores(DATA_DIR);
      expect(second.stderr()).toContain(`Another process uses ${DATA_DIR}: this one serves a copy`);
      expect(await second.stop()).toEqual({ code: 0, signal: null });
      expect(await storesOf(first)).toBe(8);
      const token = await runProduct(['token', '--role', 'store_manager', '--store', 'Redmond'], { DATA_DIR });
      const { result } = await answerOf(
        await post['2025-11-25'](first.url, 'tools/call', query(revenueByStore), { token: token.stdout.trim() }),
      );
      expect(result.structuredContent.rows.map(([name]: [string]) => name)).toEqual(['Zava Retail Redmond']);
      expect(await first.stop()).toEqual({ code: 0, signal: null });
    },
    patience,
  );

  test(
    'of another PostgreSQL version is refused with 78',
    async () => {
      const DATA_DIR = kept(await newFolder());
      await mkdir(join(DATA_DIR, 'postgres'));
      await writeFile(join(DATA_DIR, 'postgres', 'PG_VERSION'), '15\n');
      const { code, stderr } = await runProduct(['serve', '--transport', 'http'], { DATA_DIR });
      expect({ code, told: /is of PostgreSQL 15, this release embeds 18/.test(stderr) }).toEqual({ code: 78, told: true });
    },
    patience,
  );

  test(
    'that cannot be written is refused and named',
    async () => {
      const folder = kept(await newFolder());
      await writeFile(join(folder, 'file'), '');
      const { code, stderr } = await runProduct(['serve'], { DATA_DIR: join(folder, 'file') });
      expect(stderr).toContain(join(folder, 'file'));
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(code).toBe(78);
    },
    patience,
  );
});
