import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/postgres/embedded-database.ts';
import { type Installation, keepsToTheWire, tellsEachCallerTheirOwn } from './journeys.ts';
import { copyOfPreparedDataDir, newFolder, removeFolder, type Served, serveHttp } from './product.ts';

let dataDir = '';
let aside = '';
let served: Served;
let database: EmbeddedDatabase;

beforeAll(async () => {
  dataDir = await copyOfPreparedDataDir();
  aside = await newFolder();
  await cp(join(dataDir, 'postgres'), aside, { recursive: true });
  [served, database] = await Promise.all([
    serveHttp({ DATA_DIR: dataDir, EMBEDDER: 'local' }),
    openEmbeddedDatabase({ dataDir: aside, useScopeFunction: 'none', serverRole: 'none', readerRole: () => 'none' }),
  ]);
}, 180_000);

afterAll(async () => {
  const ended = await served.stop('SIGTERM');
  await database.close();
  await Promise.all([dataDir, aside].map(removeFolder));
  expect(ended).toEqual({ code: 0, signal: null });
});

const installation = (): Installation => ({ served, truth: (sql) => database.session(null).query(sql) });

describe('the server on its embedded database, over HTTP', () => {
  tellsEachCallerTheirOwn(installation);
  keepsToTheWire(installation);

  test('met no fault of its own in all this, and wrote nothing to stdout', () => {
    expect(served.stdout()).toBe('');
    const faults = served
      .stderr()
      .split('\n')
      .filter((line) => line.includes('"event":"fault_met"'));
    expect(faults.filter((line) => !line.includes('"error":{"name":"AppError"'))).toEqual([]);
  });
});
