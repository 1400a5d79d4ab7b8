import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisTexts } from '../../src/cache/redis-store.ts';

/**
 * A shared folder in the place of Redis: `createRedisStore({ redis: createFolderTexts(…), … })` seals what is kept and checks what it
 * reads, whoever else can write there. Keys become names of files, so they are held to what the cache makes: hexadecimal digests.
 */
export function createFolderTexts(folder: string): RedisTexts {
  const fileOf = (key: string) => {
    if (!/^[\w:.-]{1,200}$/.test(key) || key.startsWith('.')) throw new Error('the key is no name of a file');
    return join(folder, `${key.replaceAll(':', '.')}.txt`);
  };
  return {
    async get(key) {
      const text = await readFile(fileOf(key), 'utf8').catch(() => undefined);
      const [, until, kept] = /^(\d+) (.*)$/s.exec(text ?? '') ?? [];
      if (kept === undefined) return null;
      if (Date.now() < Number(until)) return kept;
      await rm(fileOf(key), { force: true });
      return null;
    },
    async set(key, value, { expiration }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Written aside and renamed, so that nobody reads half of it.
      const aside = `${fileOf(key)}.${randomUUID()}`;
      await writeFile(aside, `${Date.now() + expiration.value} ${value}`, { mode: 0o600 });
      await rename(aside, fileOf(key));
    },
  };
}
