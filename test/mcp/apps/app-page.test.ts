import { expect, test } from 'vitest';
import { builtPage } from '../../../src/mcp/apps/app-page.ts';

test('a page is read once, when somebody asks for it', async () => {
  const page = builtPage('dashboard.html');
  const [first, second] = await Promise.all([page(), page()]);
  expect(first).toContain('<!doctype html>');
  expect(second).toBe(first);
});

test('a page that was not built is looked for again the next time', async () => {
  const page = builtPage('nowhere.html');
  await expect(page()).rejects.toThrow('ENOENT');
  await expect(page()).rejects.toThrow('ENOENT');
});
