import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spoolPath, spoolRecords, writeSpooled } from '../../src/app/audit-spool.ts';
import type { AuditRecord } from '../../src/audit/record.ts';
import { sampleRecord } from '../support/audit.ts';

let dataDir = '';
let written: AuditRecord[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'zava-spool-'));
  written = [];
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const append = async (records: readonly AuditRecord[]) => void written.push(...records);
const refuse = async () => Promise.reject(new Error('connection refused'));
const keep = (...indexes: number[]) => spoolRecords({ dataDir }, indexes.map(sampleRecord));
const ids = () => written.map(({ request_id }) => request_id);

test('what was kept is written once, in its order and in batches', async () => {
  const many = Array.from({ length: 1201 }, (_, index) => index);
  await keep(...many);
  const sizes: number[] = [];
  await writeSpooled({ dataDir }, async (records) => {
    sizes.push(records.length);
    await append(records);
  });
  await writeSpooled({ dataDir }, append);
  expect(sizes).toEqual([500, 500, 201]);
  expect(ids()).toEqual(many.map((index) => `request-${index}`));
  expect(await readdir(join(dataDir, 'audit'))).toEqual([]);
});

test('nothing kept, nothing written', async () => {
  await writeSpooled({ dataDir }, refuse);
  expect(written).toEqual([]);
});

test('what a process left that died over it is not replaced by what was kept since', async () => {
  await keep(1, 2);
  await rename(spoolPath({ dataDir }), `${spoolPath({ dataDir })}.writing`);
  await keep(3);
  await writeSpooled({ dataDir }, append);
  expect(ids()).toEqual(['request-1', 'request-2', 'request-3']);
  expect(await readdir(join(dataDir, 'audit'))).toEqual([]);
});

test('a database that takes nothing leaves everything for the next start', async () => {
  await keep(1);
  await expect(writeSpooled({ dataDir }, refuse)).rejects.toThrow('connection refused');
  await keep(2);
  await expect(writeSpooled({ dataDir }, refuse)).rejects.toThrow('connection refused');
  await writeSpooled({ dataDir }, append);
  expect(ids()).toEqual(['request-1', 'request-2']);
});
