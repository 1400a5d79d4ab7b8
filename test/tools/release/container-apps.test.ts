import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { containerApps } from '../../../tools/release/container-apps.mjs';

/** A stand-in for the Azure command line: it writes down what it was asked, and answers from a list. It proves nothing of Azure. */
const folder = mkdtempSync(join(tmpdir(), 'az-'));
const log = join(folder, 'log');
const answers = join(folder, 'answers');
writeFileSync(
  join(folder, 'az'),
  `#!/bin/sh
echo "$*" >> ${log}
answer=$(head -n 1 ${answers}); sed -i 1d ${answers}
case "$answer" in FAIL*) echo "$answer" >&2; exit 1;; esac
echo "$answer"
`,
);
chmodSync(join(folder, 'az'), 0o755);
vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
beforeEach(() => writeFileSync(log, ''));

const image = `zavamcpregistry.azurecr.io/zava-mcp-server@sha256:${'a1'.repeat(32)}`;
const platform = () =>
  containerApps({
    app: 'zava-mcp-server',
    job: 'zava-mcp-server-migrate',
    group: 'rg',
    image,
    publicUrl: 'https://x',
    pollMs: 1,
  });
const answering = (...lines: string[]) => writeFileSync(answers, lines.map((line) => `${line}\n`).join(''));
const asked = () => readFileSync(log, 'utf8').trim().split('\n');

test('the running revision is the one that traffic is pinned to, else the latest that is ready, else none', async () => {
  answering('zava-mcp-server--r1');
  expect(await platform().current()).toBe('zava-mcp-server--r1');
  answering('None', 'zava-mcp-server--r2');
  expect(await platform().current()).toBe('zava-mcp-server--r2');
  answering('', '');
  expect(await platform().current()).toBeUndefined();
});

test('the migration runs with the new image, and is waited for', async () => {
  answering('', 'run-1', 'Running', 'Succeeded');
  await platform().migrate();
  expect(asked()[0]).toContain(`containerapp job update --name zava-mcp-server-migrate --image ${image}`);
  expect(asked()).toHaveLength(4);
  expect(asked().every((line) => line.includes('--resource-group rg'))).toBe(true);
  answering('', 'run-2', 'Failed');
  await expect(platform().migrate()).rejects.toThrow('the migration run-2 ended as Failed');
});

test('a new revision is named after its image, and reached by a label that the server knows', async () => {
  answering('zava-mcp-server--new', '', 'zava-mcp-server.blue.westeurope.azurecontainerapps.io');
  const revision = await platform().start();
  expect(asked()[0]).toMatch(/--image \S+@sha256:(a1){32} --revision-suffix ra1a1a1a1\w+ /);
  expect(await platform().urlOf(revision)).toBe('https://zava-mcp-server---candidate.blue.westeurope.azurecontainerapps.io');
  expect(asked()[1]).toContain('--label candidate --revision zava-mcp-server--new');
});

test('traffic goes to one revision whole, and what failed is told with its command', async () => {
  answering('', '');
  await platform().route('zava-mcp-server--r1');
  await platform().stop('zava-mcp-server--r2');
  expect(asked()[0]).toContain('ingress traffic set --name zava-mcp-server --revision-weight zava-mcp-server--r1=100');
  expect(asked()[1]).toContain('revision deactivate --name zava-mcp-server --revision zava-mcp-server--r2');
  answering('FAIL: not logged in');
  await expect(platform().route('x')).rejects.toThrow(/az containerapp ingress traffic set failed \(1\): FAIL: not logged in/);
});
