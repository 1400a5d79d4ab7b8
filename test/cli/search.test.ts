import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embeddingService } from '../support/embedding-service.ts';
import { runVerb, startVerb } from './command-line.ts';
import { anyInstallation, embeddedInstallation, type Installation } from './installation.ts';

let own: Installation;
beforeAll(async () => {
  own = await anyInstallation('zavasearch');
}, 120_000);
afterAll(() => own.remove());

describe('search by the command line', () => {
  test('index-products embeds what is missing, and says so to people and machines', async () => {
    const first = await runVerb(['index-products', '--json'], own.env);
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toMatchObject({ model: 'universal-sentence-encoder-lite', items: 419 });
    const again = await runVerb(['index-products'], own.env);
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('419 products: 0 embedded with universal-sentence-encoder-lite, 419 unchanged.');
  }, 60_000);

  test('index-products without a model is a matter of configuration', async () => {
    const { code, stderr } = await runVerb(['index-products'], { ...own.env, EMBEDDER: 'none' });
    expect(code).toBe(78);
    expect(stderr).toContain('EMBEDDER=local');
  }, 60_000);

  test('advise indexes finds the embedded database in order, and advise queries says why it has none', async () => {
    const embedded = await embeddedInstallation();
    const indexes = await runVerb(['advise', 'indexes'], embedded.env);
    expect(indexes.code).toBe(0);
    expect(indexes.stdout.match(/^present /gm)).toHaveLength(6);
    expect(indexes.stdout).toContain('pg_stat_statements is not set up in this database');
    const queries = await runVerb(['advise', 'queries'], embedded.env);
    expect(queries).toMatchObject({ code: 0, stdout: expect.stringContaining('pg_stat_statements is not set up') });
    await embedded.remove();
  }, 60_000);

  test('advise vectors prints rows, choice and recall', async () => {
    const text = await runVerb(['advise', 'vectors'], own.env);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/rows {7}419\nchoice {5}exact scan\n.*recall@10 {2}1\.000/s);
    const machine = await runVerb(['advise', 'vectors', '--json'], own.env);
    expect(JSON.parse(machine.stdout)).toMatchObject({ rows: 419, choice: 'exact scan', recallAt10: 1 });
  }, 60_000);

  test('search eval scores a file, as a table and as JSON', async () => {
    const file = join(own.env.DATA_DIR, 'queries.json');
    const queries = [
      { id: '1', class: 'lexical', query: 'claw hammer', judgments: { HTHM001600: 3 } },
      { id: '2', class: 'noanswer', query: 'quarterly revenue' },
    ];
    await writeFile(file, JSON.stringify({ queries }));
    const text = await runVerb(['search', 'eval', file], { ...own.env, EMBEDDER: 'none' });
    expect(text.stdout).toMatch(/\| ours \| 1\.00 \| 1\.00 \|/);
    const machine = await runVerb(['search', 'eval', file, '--json'], own.env);
    expect(machine.code).toBe(0);
    const { systems } = JSON.parse(machine.stdout) as {
      systems: { system: string; precision: number; falsePositives: number }[];
    };
    expect(systems.at(-1)).toMatchObject({ system: 'ours', precision: 1, falsePositives: 0 });
  }, 60_000);

  test('search eval of no file, or of another file, is bad usage', async () => {
    expect((await runVerb(['search', 'eval', '/nowhere.json'], own.env)).code).toBe(2);
    expect((await runVerb(['search', 'eval'], own.env)).code).toBe(2);
  });

  test('Ctrl-C ends indexing while the model is being waited for', async () => {
    const service = await embeddingService();
    service.troubles.push(() => {});
    const env = { EMBEDDER: 'azure', AZURE_OPENAI_ENDPOINT: service.url, AZURE_OPENAI_API_KEY: 'a key' };
    const verb = startVerb(['index-products'], { ...own.env, ...env });
    await expect.poll(() => service.calls.length, { timeout: 30_000 }).toBe(1);
    verb.signal('SIGINT');
    const { code, stderr } = await verb.done;
    expect(code).toBe(1);
    expect(stderr).toContain('Stopped by SIGINT');
    await service.close();
  }, 60_000);
});
