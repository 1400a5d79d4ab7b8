import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLog } from '../../src/cli/open-log.ts';
import { readConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zava-log-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const ours = process.listeners(event as 'uncaughtException').at(-1);
    if (ours !== undefined) process.off(event, ours);
  }
  await rm(folder, { recursive: true });
});

function captureStderr(): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  return lines;
}

test('a line goes to stderr and to LOG_FILE, masked in both', async () => {
  const lines = captureStderr();
  const path = join(folder, 'server.log');
  const note = openLog(readConfig({}, { LOG_FILE: path }).config, systemClock);
  note({ kind: 'fault_met', where: 'test', error: new Error('cannot reach postgres://someone:hunter2@db/zava') });
  const written = await readFile(path, 'utf8');
  expect(written).toContain('"where":"test"');
  expect(lines.join('')).toBe(written);
  expect(written).not.toContain('hunter2');
});

test('a log file that cannot be written is told once, and the log goes on', () => {
  const lines = captureStderr();
  const note = openLog(readConfig({}, { LOG_FILE: '/dev/null/server.log' }).config, systemClock);
  note({ kind: 'server_stopped', reason: 'first' });
  note({ kind: 'server_stopped', reason: 'second' });
  expect(lines.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
  expect(lines.join('')).toContain('second');
});
