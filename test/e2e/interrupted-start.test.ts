import { readdir } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { newFolder, removeFolder, startProduct } from './product.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map(removeFolder)));

describe('a first start that is cut short', () => {
  test.each([
    ['SIGINT', /Creating/],
    ['SIGTERM', /^products: 419$/m],
    ['SIGINT', /Keeping a template/],
  ] as const)(
    'by %s leaves nothing behind and says so',
    async (signal, moment) => {
      const DATA_DIR = await newFolder();
      folders.push(DATA_DIR);
      const product = startProduct(['serve', '--transport', 'http', '--port', '0'], { DATA_DIR });
      await product.told(moment);
      const asked = performance.now();
      expect(await product.stop(signal)).toEqual({ code: 1, signal: null });
      expect(performance.now() - asked).toBeLessThan(4000);
      expect(product.stderr()).toContain(`Stopped by ${signal}: what was not finished has been undone`);
      expect(product.stderr()).not.toMatch(/^\s+at /m);
      expect(await readdir(DATA_DIR)).toEqual(['keys']);
    },
    120_000,
  );
});
