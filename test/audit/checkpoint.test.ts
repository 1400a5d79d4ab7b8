import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { createCheckpointer, createFileCheckpoints, signedText } from '../../src/audit/checkpoint.ts';
import { testSigner, verifyTestSignature } from '../support/audit.ts';

const folder = await mkdtemp(join(tmpdir(), 'checkpoints-'));
afterAll(() => rm(folder, { recursive: true }));
const clock = { now: () => 1_790_000_000_000, monotonic: () => 0 };

test('the head is signed every minute while it moves, and at the end', async () => {
  vi.useFakeTimers();
  const written: string[] = [];
  let head: string | undefined;
  const store = { append: async ({ head: signed }: { head: string }) => void written.push(signed), readAll: async () => [] };
  const checkpointer = createCheckpointer({ head: () => head, store, signer: testSigner, clock, onFailure: () => {} });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toEqual([]);
  head = 'one';
  await vi.advanceTimersByTimeAsync(180_000);
  expect(written).toEqual(['one']);
  head = 'two';
  await checkpointer.close();
  head = 'three';
  await vi.advanceTimersByTimeAsync(180_000);
  expect(written).toEqual(['one', 'two']);
  vi.useRealTimers();
});

test('checkpoints are kept as lines in a file that is made when needed, and carry a good signature', async () => {
  const path = join(folder, 'audit', 'heads.jsonl');
  const store = createFileCheckpoints(path);
  expect(await store.readAll()).toEqual([]);
  let head = 'a'.repeat(64);
  const checkpointer = createCheckpointer({ head: () => head, store, signer: testSigner, clock, onFailure: () => {} });
  await checkpointer.write();
  head = 'b'.repeat(64);
  await checkpointer.close();
  const all = await store.readAll();
  expect(all.map((one) => one.head)).toEqual(['a'.repeat(64), 'b'.repeat(64)]);
  for (const one of all) expect(verifyTestSignature(signedText(one), one.key, one.signature)).toBe(true);
  expect((await stat(path)).mode & 0o007).toBe(0);
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(3);
});

test('a line that cannot be read is kept as one that no key has signed', async () => {
  const path = join(folder, 'damaged.jsonl');
  await appendFile(path, '{"at":"2026\n{"at":"2026-07-01T00:00:00.000Z"}\n');
  expect(await createFileCheckpoints(path).readAll()).toEqual([
    { at: '', head: '', key: '', signature: '' },
    { at: '2026-07-01T00:00:00.000Z', head: 'undefined', key: 'undefined', signature: 'undefined' },
  ]);
});

test('a checkpoint that cannot be written is told, and tried again', async () => {
  const failures: unknown[] = [];
  const heads: string[] = [];
  const store = {
    append: async ({ head }: { head: string }) => {
      if (failures.length === 0) throw new Error('disk full');
      heads.push(head);
    },
    readAll: async () => [],
  };
  const checkpointer = createCheckpointer({
    head: () => 'h',
    store,
    signer: testSigner,
    clock,
    onFailure: (error) => failures.push(error),
  });
  await checkpointer.write();
  await checkpointer.close();
  expect(failures).toHaveLength(1);
  expect(heads).toEqual(['h']);
});

test('a file that is there and cannot be read is an error, not an empty list', async () => {
  await expect(createFileCheckpoints(folder).readAll()).rejects.toMatchObject({ code: 'EISDIR' });
});
